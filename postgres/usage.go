package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

const (
	defaultUsageLimit = 10_000

	keyUsageSQL  = "SELECT " + usageColumns + " FROM key_usage WHERE api_key_id = $1"
	usageDaysSQL = `SELECT d.api_key_id, k.name, k.owner, d.meter, d.date, d.used, d.denied, d.last_request_at
		FROM usage_days d JOIN api_keys k ON k.id = d.api_key_id`
)

// KeyUsage implements admin.Usage. A key has a usage row from its creation on.
// The primary key of key_usage serves it.
func (s *Store) KeyUsage(ctx context.Context, id ration.KeyID) (usage ledger.Usage, now time.Time, err error) {
	err = s.read(ctx, "reading usage", func(ctx context.Context, q querier) error {
		usage = nil
		err := query(ctx, q, keyUsageSQL, func(r *row) {
			_, meter := r.usage()
			usage = append(usage, meter)
		}, [16]byte(id))
		if err == nil && usage == nil {
			return fmt.Errorf("%s: %w", id, ration.ErrNotFound)
		}
		if err != nil {
			return err
		}
		return query(ctx, q, "SELECT ration_now()", func(r *row) { now = r.time() })
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	slices.SortFunc(usage, func(a, b ledger.MeterUsage) int { return ration.CompareMeters(a.Meter, b.Meter) })
	return usage, now, nil
}

// UsageDays implements admin.Usage. With a key the primary key of usage_days
// serves it, with an owner the index api_keys_owner and then that; else the
// index usage_days_date, which is in the order wanted.
func (s *Store) UsageDays(ctx context.Context, filter admin.UsageFilter) (days []admin.UsageDay, err error) {
	where := usageCondition(filter)
	sql := usageDaysSQL + where.sql() +
		` ORDER BY d.date, d.api_key_id, d.meter` + where.limit(filter.Limit, defaultUsageLimit)
	err = s.read(ctx, "reading usage by day", func(ctx context.Context, q querier) error {
		days = nil
		return query(ctx, q, sql, func(r *row) { days = append(days, r.usageDay()) }, where.values...)
	})
	return days, err
}

func (r *row) usageDay() admin.UsageDay {
	return admin.UsageDay{
		KeyID: r.uuid(), KeyName: r.text(), Owner: r.text(), Meter: r.text(), Date: r.date(),
		Used: r.int(), Denied: r.int(), LastRequestAt: r.time(),
	}
}

func usageCondition(filter admin.UsageFilter) (where condition) {
	if !filter.KeyID.IsZero() {
		where.and("d.api_key_id =", [16]byte(filter.KeyID))
	}
	if filter.Owner != "" {
		where.and("k.owner =", filter.Owner)
	}
	if filter.Meter != "" {
		where.and("d.meter =", filter.Meter)
	}
	if filter.From != 0 {
		where.and("d.date >=", filter.From.Date())
	}
	if filter.To != 0 {
		where.and("d.date <=", filter.To.Date())
	}
	return where
}

package sqlite

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

const defaultUsageLimit = 10_000

// KeyUsage implements admin.Usage. A key has a usage row from its creation on.
func (s *Store) KeyUsage(ctx context.Context, id ration.KeyID) (ledger.Usage, time.Time, error) {
	var usage ledger.Usage
	var now time.Time
	err := s.read(ctx, func(conn *conn) error {
		now = s.now()
		return conn.query(ctx, keyUsage[0], []any{blob(id)}, func(r *row) error {
			usage = append(usage, r.meterUsage())
			return nil
		})
	})
	switch {
	case err != nil:
		return nil, time.Time{}, fmt.Errorf("reading usage of %s: %w", id, err)
	case usage == nil:
		return nil, time.Time{}, fmt.Errorf("%s: %w", id, ration.ErrNotFound)
	}
	slices.SortFunc(usage, func(a, b ledger.MeterUsage) int { return ration.CompareMeters(a.Meter, b.Meter) })
	return usage, now, nil
}

// UsageDays implements admin.Usage.
func (s *Store) UsageDays(ctx context.Context, filter admin.UsageFilter) (days []admin.UsageDay, err error) {
	query, values := daysQuery(filter)
	err = s.read(ctx, func(conn *conn) error {
		return conn.query(ctx, query, values, func(r *row) error {
			days = append(days, r.usageDay())
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading usage by day: %w", err)
	}
	return days, nil
}

func (r *row) usageDay() admin.UsageDay {
	return admin.UsageDay{
		KeyID: ration.KeyID(r.id(0)), KeyName: r.text(1), Owner: r.text(2), Meter: r.text(3), Date: r.date(4),
		Used: r.int(5), Denied: r.int(6), LastRequestAt: r.time(7),
	}
}

// daysQuery reads the index usage_days_key where a key is given, else the
// primary key; both are in the order wanted. An owner's days are picked from all
// days between the dates.
func daysQuery(filter admin.UsageFilter) (query string, values []any) {
	var where condition
	if !filter.KeyID.IsZero() {
		where.and("d.api_key_id = ?", blob(filter.KeyID))
	}
	if filter.Owner != "" {
		where.and("k.owner = ?", filter.Owner)
	}
	if filter.Meter != "" {
		where.and("d.meter = ?", filter.Meter)
	}
	if filter.From != 0 {
		where.and("d.date >= ?", dateText(filter.From))
	}
	if filter.To != 0 {
		where.and("d.date <= ?", dateText(filter.To))
	}
	query = `SELECT d.api_key_id, k.name, k.owner, d.meter, d.date, d.used, d.denied, d.last_request_at
		FROM usage_days d JOIN api_keys k ON k.id = d.api_key_id` + where.sql() +
		" ORDER BY d.date, d.api_key_id, d.meter LIMIT ?"
	return query, append(where.values, limitOr(filter.Limit, defaultUsageLimit))
}

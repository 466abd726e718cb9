package sqladmin

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

// KeyUsage implements admin.Usage. A key has usage from its creation on.
func (s *Store) KeyUsage(ctx context.Context, id ration.KeyID) (usage ledger.Usage, now time.Time, err error) {
	err = s.db.Read(ctx, "reading usage", func(ctx context.Context, r Reader) error {
		if usage, err = UsageOf(ctx, r, id); err != nil {
			return err
		}
		if len(usage) == 0 {
			return fmt.Errorf("%s: %w", id, ration.ErrNotFound)
		}
		if now, err = r.Now(ctx); err != nil {
			return err
		}
		leases, err := readLeases(ctx, r, id)
		ledger.CountLeases(usage, leases, ledger.Clock{Now: now})
		return err
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	slices.SortFunc(usage, func(a, b ledger.MeterUsage) int { return ration.CompareMeters(a.Meter, b.Meter) })
	return usage, now, nil
}

// UsageOf returns what one key has used on its meters, as [Reader] has it of many.
func UsageOf(ctx context.Context, r Reader, id ration.KeyID) (ledger.Usage, error) {
	usage, err := r.Usage(ctx, []ration.KeyID{id})
	return usage[id], err
}

// UsageOfKeys implements admin.Usage.
func (s *Store) UsageOfKeys(ctx context.Context, ids []ration.KeyID) (usage map[ration.KeyID]ledger.Usage, now time.Time, err error) {
	err = s.db.Read(ctx, "reading the usage of keys", func(ctx context.Context, r Reader) error {
		if usage, err = r.Usage(ctx, ids); err != nil {
			return err
		}
		now, err = r.Now(ctx)
		return err
	})
	return usage, now, err
}

// readLeases reads a key's leases, by the primary key.
func readLeases(ctx context.Context, r Reader, id ration.KeyID) (leases []ledger.SlotLease, err error) {
	err = r.Query(ctx, "SELECT id, meter, expires_at FROM leases WHERE api_key_id = ?", func(row Row) {
		leases = append(leases, ledger.SlotLease{ID: row.ID(), Meter: row.Text(), ExpiresAt: row.Time()})
	}, id)
	return leases, err
}

// UsageDays implements admin.Usage.
func (s *Store) UsageDays(ctx context.Context, filter admin.UsageFilter) (days []admin.UsageDay, err error) {
	err = s.db.Read(ctx, "reading usage by day", func(ctx context.Context, r Reader) error {
		days, err = ReadDays(ctx, r, filter)
		return err
	})
	return days, err
}

// ReadDays reads what UsageDays returns.
//
// PostgreSQL finds a key's days by the primary key of usage_days, an owner's by the
// index api_keys_owner and then that, and others by usage_days_date; SQLite a key's
// by usage_days_key and others by the primary key, of which it picks an owner's. All
// are in the order wanted, or in its reverse.
func ReadDays(ctx context.Context, r Reader, filter admin.UsageFilter) (days []admin.UsageDay, err error) {
	if len(filter.KeyIDs) > 0 {
		return readDaysOfKeys(ctx, r, filter)
	}
	by := order{[]string{"d.date", "d.api_key_id", "d.meter"}, filter.NewestFirst}
	where := daysWhere(filter)
	if after := filter.After; after.Date != 0 {
		where.after(by, after.Date, after.KeyID, after.Meter)
	}
	sql := "SELECT " + dayColumns + " FROM usage_days d JOIN api_keys k ON k.id = d.api_key_id" + where.SQL() + by.SQL() + " LIMIT ?"
	err = r.Query(ctx, sql, func(row Row) { days = append(days, readDay(row)) }, where.With(LimitOr(filter.Limit, admin.DefaultUsageLimit))...)
	return days, err
}

const dayColumns = "d.api_key_id, k.name, k.owner, d.meter, d.date, d.used, d.denied, d.last_request_at"

func readDay(row Row) admin.UsageDay {
	return admin.UsageDay{
		KeyID: row.ID(), KeyName: row.Text(), Owner: row.Text(), Meter: row.Text(), Date: row.Date(),
		Used: row.Int(), Denied: row.Int(), LastRequestAt: row.Time(),
	}
}

// readDaysOfKeys reads all days of some keys that match, as [Store.HistoryOfKeys] finds
// them, and takes the page out of them: keys are so few that a sort costs less than an
// index in the wanted order, which has all keys.
func readDaysOfKeys(ctx context.Context, r Reader, filter admin.UsageFilter) (days []admin.UsageDay, err error) {
	if err := r.InOrder(ctx); err != nil {
		return nil, err
	}
	var where Where
	where.And("u.api_key_id IN (?)", filter.KeyIDs)
	where.andText("u.meter", filter.Meter)
	if of := daysWhere(filter); len(of.parts) > 0 {
		where.And(of.all(), of.Args...)
	}
	sql := "SELECT " + dayColumns + " FROM key_usage u JOIN usage_days d ON d.api_key_id = u.api_key_id AND d.meter = u.meter JOIN api_keys k ON k.id = u.api_key_id" + where.SQL()
	if err := r.Query(ctx, sql, func(row Row) { days = append(days, readDay(row)) }, where.Args...); err != nil {
		return nil, err
	}
	compare := func(a, b admin.UsagePosition) int {
		by := cmp.Or(cmp.Compare(a.Date, b.Date), bytes.Compare(a.KeyID[:], b.KeyID[:]), strings.Compare(a.Meter, b.Meter))
		if filter.NewestFirst {
			by = -by
		}
		return by
	}
	if filter.After.Date != 0 {
		days = slices.DeleteFunc(days, func(d admin.UsageDay) bool { return compare(d.Position(), filter.After) <= 0 })
	}
	slices.SortFunc(days, func(a, b admin.UsageDay) int { return compare(a.Position(), b.Position()) })
	return days[:min(len(days), int(LimitOr(filter.Limit, admin.DefaultUsageLimit)))], nil
}

func daysWhere(filter admin.UsageFilter) (where Where) {
	if !filter.KeyID.IsZero() {
		where.And("d.api_key_id = ?", filter.KeyID)
	}
	where.andText("k.owner", filter.Owner)
	where.andOneOf("k.owner", filter.Owners)
	where.andOneOf("k.plan", filter.Plans)
	where.andText("d.meter", filter.Meter)
	if filter.From != 0 {
		where.And("d.date >= ?", filter.From)
	}
	if filter.To != 0 {
		where.And("d.date <= ?", filter.To)
	}
	return where
}

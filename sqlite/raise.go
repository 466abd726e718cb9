package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sqladmin"
)

// RaiseUsage implements admin.Usage. The transaction is the lock of every key.
func (s *Store) RaiseUsage(ctx context.Context, days []admin.DayKey, raise func(*admin.UsageRaise) error) error {
	ids, err := admin.DayKeys(days)
	if err != nil {
		return err
	}
	return s.write(ctx, func(ctx context.Context, tx *tx) error {
		err := sqladmin.Step(ctx, changer{reader{tx.conn, tx.now}}, tx.raiseUsage(ctx, ids, days, raise))
		if errors.Is(err, admin.ErrUnchanged) {
			return errNothingToCommit
		}
		return err
	})
}

func (tx *tx) raiseUsage(ctx context.Context, ids []ration.KeyID, days []admin.DayKey, raise func(*admin.UsageRaise) error) error {
	if tx.suspect {
		return fmt.Errorf("raising usage: %w", ration.ErrClockSuspect)
	}
	raises, err := tx.usageRaises(ctx, ids, days)
	if err != nil {
		return err
	}
	units, err := sqladmin.UnitsOf(ctx, changer{reader{tx.conn, tx.now}}, admin.MetersOf(days))
	if err != nil {
		return err
	}
	since, err := sqladmin.ReadHistorySince(ctx, reader{tx.conn, tx.now})
	if err != nil {
		return err
	}
	unchanged := true
	for i := range raises {
		raises[i].Units, raises[i].Since = units, since
		switch err := raise(&raises[i]); {
		case errors.Is(err, admin.ErrUnchanged):
			continue
		case err != nil:
			return err
		}
		unchanged = false
		if err := tx.writeRaise(ctx, &raises[i]); err != nil {
			return fmt.Errorf("raising the usage of %s: %w", raises[i].KeyID, err)
		}
	}
	if unchanged {
		return admin.ErrUnchanged
	}
	return nil
}

// usageRaises reads what keys have used.
func (tx *tx) usageRaises(ctx context.Context, ids []ration.KeyID, days []admin.DayKey) ([]admin.UsageRaise, error) {
	states, err := tx.keyStates(ctx, blobs(ids))
	if err != nil {
		return nil, err
	}
	plans, err := tx.plansOf(ctx, states)
	if err != nil {
		return nil, err
	}
	raises := make([]admin.UsageRaise, len(ids))
	byID := make(map[ration.KeyID]*admin.UsageRaise, len(ids))
	for i, id := range ids {
		h := states[id]
		if h == nil {
			return nil, fmt.Errorf("%s: %w", id, ration.ErrNotFound)
		}
		raises[i] = admin.UsageRaise{Now: tx.now, KeyID: id, TimeZone: h.key.TimeZone, Usage: h.usage, Days: map[admin.DayKey]admin.MeterDay{}}
		if h.key.TimeZone == "" {
			raises[i].TimeZone = plans[h.key.Plan].TimeZone
		}
		byID[id] = &raises[i]
	}
	for _, day := range days {
		if err := tx.readDay(ctx, day, byID[day.KeyID].Days); err != nil {
			return nil, fmt.Errorf("reading the history of %s: %w", day.KeyID, err)
		}
	}
	return raises, nil
}

// By the primary key of usage_days.
const dayToRaise = "SELECT used, denied, last_request_at FROM usage_days WHERE date = ? AND api_key_id = ? AND meter = ?"

func (tx *tx) readDay(ctx context.Context, day admin.DayKey, days map[admin.DayKey]admin.MeterDay) error {
	return tx.query(ctx, dayToRaise, []any{dateText(day.Date), blob(day.KeyID), day.Meter}, func(r *row) error {
		days[day] = admin.MeterDay{Date: day.Date, Used: r.int(0), Denied: r.int(1), LastRequestAt: r.time(2)}
		return nil
	})
}

// By the primary key of key_usage. What adds usage sets this only where there is none.
const earlierFirstRequest = "UPDATE key_usage SET first_request_at = ? WHERE api_key_id = ? AND meter = ? AND first_request_at > ?"

func (tx *tx) writeRaise(ctx context.Context, raise *admin.UsageRaise) error {
	key := blob(raise.KeyID)
	for i := range raise.Additions {
		addition := &raise.Additions[i]
		if err := tx.recordUsage(ctx, key, &addition.MeterWrite); err != nil {
			return err
		}
		if err := tx.recordHours(ctx, key, &addition.MeterWrite); err != nil {
			return err
		}
		if first := optionalMicros(addition.FirstRequestAt); first != nil {
			if _, err := tx.exec(ctx, earlierFirstRequest, first, key, addition.Meter, first); err != nil {
				return err
			}
		}
		for _, day := range addition.Days {
			if err := tx.execOne(ctx, addDay, key, addition.Meter, dateText(day.Date), day.Used, day.Denied, optionalMicros(day.LastRequestAt)); err != nil {
				return err
			}
		}
	}
	return tx.audit(ctx, raise.Audit)
}

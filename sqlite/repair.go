package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/storedjson"
)

// keysAhead walks the primary key of key_usage, and looks at the end of each
// key's history by the index usage_days_key.
const keysAhead = `SELECT api_key_id, max(hour_label, counted_hour) > ? OR EXISTS (
		SELECT 1 FROM usage_days d WHERE d.api_key_id = k.api_key_id AND d.date > ? AND d.meter = '` + ration.MeterRequests + `')
	FROM key_usage k WHERE api_key_id > ? AND meter = '` + ration.MeterRequests + `' ORDER BY api_key_id LIMIT ?`

// KeysAhead implements admin.Maintenance.
func (s *Store) KeysAhead(ctx context.Context, after ration.KeyID, look int) (ahead admin.KeysAhead, err error) {
	looked := 0
	err = s.read(ctx, func(conn *conn) error {
		ahead.Now = s.now()
		hour, date := admin.LatestPeriods(ahead.Now)
		values := []any{periodValue(ration.PeriodHour, hour), dateText(date), blob(after), int64(look)}
		return conn.query(ctx, keysAhead, values, func(r *row) error {
			looked++
			ahead.Last = ration.KeyID(r.id(0))
			if r.int(1) != 0 {
				ahead.IDs = append(ahead.IDs, ahead.Last)
			}
			return nil
		})
	})
	if err != nil {
		return admin.KeysAhead{}, fmt.Errorf("looking for usage from the future: %w", err)
	}
	if looked < look {
		ahead.Last = ration.KeyID{}
	}
	return ahead, nil
}

// RepairUsage implements admin.Maintenance. The transaction is the lock of every key.
func (s *Store) RepairUsage(ctx context.Context, ids []ration.KeyID, repair func(*admin.UsageRepair) error) error {
	ids, err := admin.LockOrder(ids)
	if err != nil {
		return err
	}
	return s.write(ctx, func(ctx context.Context, tx *tx) error {
		if tx.suspect {
			return fmt.Errorf("repairing usage: %w", ration.ErrClockSuspect)
		}
		repairs, err := tx.usageRepairs(ctx, ids)
		if err != nil {
			return err
		}
		for i := range repairs {
			switch err := repair(&repairs[i]); {
			case errors.Is(err, admin.ErrUnchanged):
				continue
			case err != nil:
				return err
			}
			if err := tx.writeRepair(ctx, &repairs[i]); err != nil {
				return fmt.Errorf("repairing the usage of %s: %w", repairs[i].KeyID, err)
			}
		}
		return nil
	})
}

// usageRepairs reads what keys have used.
func (tx *tx) usageRepairs(ctx context.Context, ids []ration.KeyID) ([]admin.UsageRepair, error) {
	blobs := make([][]byte, len(ids))
	for i, id := range ids {
		blobs[i] = blob(id)
	}
	states, err := tx.keyStates(ctx, blobs)
	if err != nil {
		return nil, err
	}
	plans, err := tx.plansOf(ctx, states)
	if err != nil {
		return nil, err
	}
	repairs := make([]admin.UsageRepair, len(ids))
	for i, id := range ids {
		k := states[id]
		if k == nil {
			return nil, fmt.Errorf("%s: %w", id, ration.ErrNotFound)
		}
		repairs[i] = admin.UsageRepair{Now: tx.now, KeyID: id, TimeZone: k.key.TimeZone}
		if k.key.TimeZone == "" {
			repairs[i].TimeZone = plans[k.key.Plan].TimeZone
		}
		if repairs[i].Meters, err = tx.meterRecords(ctx, k); err != nil {
			return nil, err
		}
		err := tx.query(ctx, openOfKey, []any{blob(id)}, func(r *row) error {
			repairs[i].Open = append(repairs[i].Open, r.reservation())
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("reading the open reservations of %s: %w", id, err)
		}
	}
	return repairs, nil
}

// historyToRepair uses the index usage_days_key.
const historyToRepair = "SELECT meter, date, used, denied, last_request_at, given_back, refunds FROM usage_days WHERE api_key_id = ? AND date >= ? ORDER BY date"

// openOfKey uses the index reservations_key_due.
const openOfKey = "SELECT " + reservationColumns + " FROM reservations WHERE api_key_id = ? AND state = 'open'"

func (tx *tx) meterRecords(ctx context.Context, k *keyState) ([]admin.MeterRecord, error) {
	slices.SortFunc(k.usage, func(a, b ledger.MeterUsage) int { return ration.CompareMeters(a.Meter, b.Meter) })
	records := make([]admin.MeterRecord, len(k.usage))
	for i := range k.usage {
		records[i].MeterUsage = k.usage[i]
	}
	values := []any{blob(k.key.ID), dateText(admin.RepairFrom(tx.now))}
	err := tx.query(ctx, historyToRepair, values, func(r *row) error {
		meter := r.text(0)
		i := slices.IndexFunc(records, func(m admin.MeterRecord) bool { return m.Meter == meter })
		if i >= 0 {
			records[i].Days = append(records[i].Days, admin.MeterDay{
				Date: r.date(1), Used: r.int(2), Denied: r.int(3), LastRequestAt: r.time(4), GivenBack: r.int(5), Refunds: r.int(6),
			})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the history of %s: %w", k.key.ID, err)
	}
	for i := range records {
		if err := tx.hoursToRepair(ctx, k.key.ID, &records[i]); err != nil {
			return nil, fmt.Errorf("reading the hours of %s: %w", k.key.ID, err)
		}
		if err := tx.refundsToRepair(ctx, k.key.ID, &records[i]); err != nil {
			return nil, fmt.Errorf("reading the refunds of %s: %w", k.key.ID, err)
		}
	}
	return records, nil
}

const setWindows = `UPDATE key_usage SET first_request_at = ?, last_request_at = ?,
	hour_label = ?, hour_ends_at = ?, hour_used = ?, hour_reserved = ?, day_label = ?, day_ends_at = ?, day_used = ?, day_reserved = ?,
	week_label = ?, week_ends_at = ?, week_used = ?, week_reserved = ?, month_label = ?, month_ends_at = ?, month_used = ?, month_reserved = ?,
	second_rate_tat = ?, second_rate_rest = ?, minute_rate_tat = ?, minute_rate_rest = ?,
	second_rate_quantity = ?, second_rate_quantity_tat = ?, minute_rate_quantity = ?, minute_rate_quantity_tat = ?,
	counted_hour = ?, counted_used = ?, counted_given_back = ?, counted_denied = ?, resets = ?, shifted = ?
WHERE api_key_id = ? AND meter = ?`

const earlierSecretUse = "UPDATE api_key_secrets SET last_used_at = ? WHERE api_key_id = ? AND last_used_at > ?" //nolint:gosec // SQL

func (tx *tx) writeRepair(ctx context.Context, repair *admin.UsageRepair) error {
	key := blob(repair.KeyID)
	for i := range repair.Meters {
		meter := &repair.Meters[i]
		values := []any{optionalMicros(meter.FirstRequestAt), optionalMicros(meter.LastRequestAt)}
		for w, window := range meter.Windows {
			values = append(values, periodValue(ration.WindowPeriods[w], window.ID), micros(window.EndsAt), window.Used, window.Reserved)
		}
		values = append(rateValues(values, &meter.Rates), hourValues(meter.Counted)...)
		if err := tx.execOne(ctx, setWindows, append(values, optionalString(storedjson.Resets(&meter.Resets)), optionalString(storedjson.Shifted(meter.Shifted)), key, meter.Meter)...); err != nil {
			return err
		}
		if err := tx.foldDays(ctx, key, meter); err != nil {
			return err
		}
		if err := tx.deleteHours(ctx, key, meter); err != nil {
			return err
		}
		if err := tx.moveRefunds(ctx, key, meter.Moved); err != nil {
			return err
		}
	}
	if _, err := tx.exec(ctx, earlierSecretUse, micros(tx.now), key, micros(tx.now)); err != nil {
		return err
	}
	return tx.audit(ctx, repair.Audit)
}

// foldDay adds to a day what others counted. By the primary key of usage_days.
const foldDay = `INSERT INTO usage_days (api_key_id, meter, date, used, denied, last_request_at, given_back, refunds) VALUES (?,?,?,?,?,?,?,?)
ON CONFLICT (date, api_key_id, meter) DO UPDATE SET
	used = used + excluded.used,
	denied = denied + excluded.denied,
	last_request_at = coalesce(excluded.last_request_at, last_request_at),
	given_back = given_back + min(excluded.given_back, ` + mostUnits + ` - given_back),
	refunds = refunds + excluded.refunds`

func (tx *tx) foldDays(ctx context.Context, key []byte, meter *admin.MeterRecord) error {
	if len(meter.Fold.From) == 0 {
		return nil
	}
	into := meter.Fold.Into
	values := []any{key, meter.Meter, dateText(into.Date), into.Used, into.Denied, optionalMicros(into.LastRequestAt), into.GivenBack, into.Refunds}
	if err := tx.execOne(ctx, foldDay, values...); err != nil {
		return err
	}
	for _, date := range meter.Fold.From {
		if err := tx.execOne(ctx, "DELETE FROM usage_days WHERE date = ? AND api_key_id = ? AND meter = ?", dateText(date), key, meter.Meter); err != nil {
			return err
		}
	}
	return nil
}

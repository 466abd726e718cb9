package sqlite

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/storedjson"
)

// record writes what the accounts of keys have decided. Where that is nothing it
// returns errNothingToCommit.
func (tx *tx) record(ctx context.Context, keys []ration.KeyID, accounts map[ration.KeyID]*ledger.Account) error {
	changed := false
	for _, id := range keys {
		account, ok := accounts[id]
		if !ok {
			continue
		}
		for _, write := range account.Writes() {
			changed = true
			if err := tx.recordMeter(ctx, id, &write); err != nil {
				return fmt.Errorf("counting for %s on meter %s: %w", id, write.Meter, err)
			}
		}
		recorded, err := tx.recordPrior(ctx, id, account)
		if err != nil {
			return fmt.Errorf("for %s: %w", id, err)
		}
		leased, err := tx.recordLeases(ctx, id, account)
		if err != nil {
			return fmt.Errorf("for %s: %w", id, err)
		}
		changed = changed || recorded || leased
		if err := tx.recordEvents(ctx, account); err != nil {
			return fmt.Errorf("telling what happened to %s: %w", id, err)
		}
		if err := tx.recordLog(ctx, id, account.LogEntries()); err != nil {
			return fmt.Errorf("for %s: %w", id, err)
		}
		for _, secret := range account.SecretsUsed() {
			changed = true
			if err := tx.recordSecretUse(ctx, id, secret); err != nil {
				return fmt.Errorf("noting the use of a secret of %s: %w", id, err)
			}
		}
		tx.memory.note(id, account, tx.now)
	}
	if !changed {
		return errNothingToCommit
	}
	return nil
}

// addUsage adds amounts, never sets them, but in a period that begins. By the
// primary key of key_usage.
const addUsage = `INSERT INTO key_usage (api_key_id, meter, used, denied, first_request_at, last_request_at,
	hour_label, hour_ends_at, hour_used, day_label, day_ends_at, day_used,
	week_label, week_ends_at, week_used, month_label, month_ends_at, month_used,
	second_rate_tat, second_rate_rest, minute_rate_tat, minute_rate_rest,
	second_rate_quantity, second_rate_quantity_tat, minute_rate_quantity, minute_rate_quantity_tat,
	counted_hour, counted_used, counted_denied)
VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
ON CONFLICT (api_key_id, meter) DO UPDATE SET
	used = used + excluded.used,
	denied = denied + excluded.denied,
	first_request_at = coalesce(first_request_at, excluded.first_request_at),
	last_request_at = coalesce(excluded.last_request_at, last_request_at),
	hour_label = excluded.hour_label, hour_ends_at = excluded.hour_ends_at,
	hour_used = iif(hour_label = excluded.hour_label, hour_used, 0) + excluded.hour_used,
	hour_reserved = iif(hour_label = excluded.hour_label, hour_reserved, 0),
	day_label = excluded.day_label, day_ends_at = excluded.day_ends_at,
	day_used = iif(day_label = excluded.day_label, day_used, 0) + excluded.day_used,
	day_reserved = iif(day_label = excluded.day_label, day_reserved, 0),
	week_label = excluded.week_label, week_ends_at = excluded.week_ends_at,
	week_used = iif(week_label = excluded.week_label, week_used, 0) + excluded.week_used,
	week_reserved = iif(week_label = excluded.week_label, week_reserved, 0),
	month_label = excluded.month_label, month_ends_at = excluded.month_ends_at,
	month_used = iif(month_label = excluded.month_label, month_used, 0) + excluded.month_used,
	month_reserved = iif(month_label = excluded.month_label, month_reserved, 0),
	second_rate_tat = excluded.second_rate_tat, second_rate_rest = excluded.second_rate_rest,
	minute_rate_tat = excluded.minute_rate_tat, minute_rate_rest = excluded.minute_rate_rest,
	second_rate_quantity = excluded.second_rate_quantity, second_rate_quantity_tat = excluded.second_rate_quantity_tat,
	minute_rate_quantity = excluded.minute_rate_quantity, minute_rate_quantity_tat = excluded.minute_rate_quantity_tat,
	counted_hour = excluded.counted_hour,
	counted_used = iif(counted_hour = excluded.counted_hour, counted_used + min(excluded.counted_used, ` + mostUnits + ` - counted_used), excluded.counted_used),
	counted_given_back = iif(counted_hour = excluded.counted_hour, counted_given_back, 0),
	counted_denied = iif(counted_hour = excluded.counted_hour, counted_denied, 0) + excluded.counted_denied`

// runUsage is addUsage of a row of which all periods run on, and moveRates is that of one
// of which the rates move, too. By the primary key of key_usage.
const (
	runUsage  = "UPDATE key_usage SET " + runCounts + " WHERE api_key_id = ?4 AND meter = ?5"
	moveRates = "UPDATE key_usage SET " + runCounts + `,
	second_rate_tat = ?6, second_rate_rest = ?7, minute_rate_tat = ?8, minute_rate_rest = ?9,
	second_rate_quantity = ?10, second_rate_quantity_tat = ?11, minute_rate_quantity = ?12, minute_rate_quantity_tat = ?13
	WHERE api_key_id = ?4 AND meter = ?5`
	runCounts = `used = used + ?1, denied = denied + ?2, last_request_at = coalesce(?3, last_request_at),
	hour_used = hour_used + ?1, day_used = day_used + ?1, week_used = week_used + ?1, month_used = month_used + ?1,
	counted_used = counted_used + min(?1, ` + mostUnits + ` - counted_used), counted_denied = counted_denied + ?2`
)

// postUsage is addUsage where amounts may be taken off: of a row that is there. By
// the primary key of key_usage.
const postUsage = `UPDATE key_usage SET used = used + ?1, reserved = reserved + ?2, denied = denied + ?3,
	first_request_at = coalesce(first_request_at, ?4), last_request_at = coalesce(?5, last_request_at),
	hour_used = iif(hour_label = ?6, hour_used, 0) + ?8, hour_reserved = iif(hour_label = ?6, hour_reserved, 0) + ?9, hour_label = ?6, hour_ends_at = ?7,
	day_used = iif(day_label = ?10, day_used, 0) + ?12, day_reserved = iif(day_label = ?10, day_reserved, 0) + ?13, day_label = ?10, day_ends_at = ?11,
	week_used = iif(week_label = ?14, week_used, 0) + ?16, week_reserved = iif(week_label = ?14, week_reserved, 0) + ?17, week_label = ?14, week_ends_at = ?15,
	month_used = iif(month_label = ?18, month_used, 0) + ?20, month_reserved = iif(month_label = ?18, month_reserved, 0) + ?21, month_label = ?18, month_ends_at = ?19,
	second_rate_tat = ?22, second_rate_rest = ?23, minute_rate_tat = ?24, minute_rate_rest = ?25,
	second_rate_quantity = ?26, second_rate_quantity_tat = ?27, minute_rate_quantity = ?28, minute_rate_quantity_tat = ?29,
	counted_hour = ?30,
	counted_used = iif(counted_hour = ?30, counted_used + min(?31, ` + mostUnits + ` - counted_used), ?31),
	counted_given_back = iif(counted_hour = ?30, counted_given_back + min(?32, counted_used + min(?31, ` + mostUnits + ` - counted_used) - counted_given_back), min(?32, ?31)),
	counted_denied = iif(counted_hour = ?30, counted_denied, 0) + ?33
WHERE api_key_id = ?34 AND meter = ?35`

// setBegun is by the primary key of key_usage.
const setBegun = "UPDATE key_usage SET resets = ?, shifted = ? WHERE api_key_id = ? AND meter = ?"

// newUsage makes the row that postUsage needs.
const newUsage = "INSERT INTO key_usage (api_key_id, meter) VALUES (?,?) ON CONFLICT (api_key_id, meter) DO NOTHING"

// addDay adds to the history. By the primary key of usage_days.
const addDay = `INSERT INTO usage_days (api_key_id, meter, date, used, denied, last_request_at) VALUES (?,?,?,?,?,?)
ON CONFLICT (date, api_key_id, meter) DO UPDATE SET
	used = used + excluded.used,
	denied = denied + excluded.denied,
	last_request_at = coalesce(excluded.last_request_at, last_request_at)`

// runDay is addDay of a day that is there. By the primary key of usage_days.
const runDay = `UPDATE usage_days SET used = used + ?, denied = denied + ?, last_request_at = coalesce(?, last_request_at)
	WHERE date = ? AND api_key_id = ? AND meter = ?`

// mostUnits is ration.MaxTotalUnits, where counts of what was given back stop.
const mostUnits = "4611686018427387904"

// postDay is addDay where units may be given back. A day that was used by a
// clock from the future may have been repaired meanwhile, so it takes off what is there.
const postDay = `INSERT INTO usage_days (api_key_id, meter, date, used, denied, last_request_at, given_back, refunds) VALUES (?,?,?,?,?,?,?,?)
ON CONFLICT (date, api_key_id, meter) DO UPDATE SET
	used = max(0, used + excluded.used - excluded.given_back),
	denied = denied + excluded.denied,
	last_request_at = coalesce(excluded.last_request_at, last_request_at),
	given_back = given_back + min(excluded.given_back, ` + mostUnits + ` - given_back),
	refunds = refunds + excluded.refunds`

func (tx *tx) recordMeter(ctx context.Context, id ration.KeyID, write *ledger.MeterWrite) error {
	if write.Posted {
		return tx.recordPostings(ctx, id, write)
	}
	key, day := blob(id), &write.Day
	if err := tx.recordUsage(ctx, key, write); err != nil {
		return err
	}
	if err := tx.recordHours(ctx, key, write); err != nil {
		return err
	}
	if write.RunsOn {
		written, err := tx.exec(ctx, runDay, day.Used, day.Denied, optionalMicros(day.LastRequestAt), dateText(day.Date), key, write.Meter)
		if err != nil || written == 1 {
			return err
		}
	}
	return tx.execOne(ctx, addDay, key, write.Meter, dateText(day.Date), day.Used, day.Denied, optionalMicros(day.LastRequestAt))
}

func (tx *tx) recordUsage(ctx context.Context, key []byte, write *ledger.MeterWrite) error {
	if write.RunsOn {
		if written, err := tx.runUsage(ctx, key, write); err != nil || written {
			return err
		}
	}
	values := make([]any, 0, 29)
	values = append(values, key, write.Meter, write.Used, write.Denied, optionalMicros(write.FirstRequestAt), optionalMicros(write.LastRequestAt))
	for i, window := range write.Windows {
		values = append(values, periodValue(ration.WindowPeriods[i], window.ID), micros(window.EndsAt), window.Used)
	}
	values = append(rateValues(values, &write.Rates), hourValue(write.Counted.Hour), write.Counted.Used, write.Counted.Denied)
	if err := tx.execOne(ctx, addUsage, values...); err != nil {
		return err
	}
	return tx.recordBegun(ctx, key, write)
}

// runUsage writes the few columns that a charge changes where a row runs on. It reports
// whether the row was there.
func (tx *tx) runUsage(ctx context.Context, key []byte, write *ledger.MeterWrite) (written bool, err error) {
	statement := runUsage
	values := append(make([]any, 0, 13), write.Used, write.Denied, optionalMicros(write.LastRequestAt), key, write.Meter)
	if write.RatesMoved {
		statement, values = moveRates, rateValues(values, &write.Rates)
	}
	rows, err := tx.exec(ctx, statement, values...)
	return rows == 1, err
}

// recordBegun records what is kept of periods that few keys have: resets, and shifted
// periods.
func (tx *tx) recordBegun(ctx context.Context, key []byte, write *ledger.MeterWrite) error {
	if write.Resets == nil {
		return nil
	}
	resets, shifted := optionalString(storedjson.Resets(write.Resets)), optionalString(storedjson.Shifted(write.Shifted))
	return tx.execOne(ctx, setBegun, resets, shifted, key, write.Meter)
}

// recordPostings records what was reserved, settled or given back.
func (tx *tx) recordPostings(ctx context.Context, id ration.KeyID, write *ledger.MeterWrite) error {
	key := blob(id)
	if _, err := tx.exec(ctx, newUsage, key, write.Meter); err != nil {
		return err
	}
	values := make([]any, 0, 35)
	values = append(values, write.Used, write.Reserved, write.Denied, optionalMicros(write.FirstRequestAt), optionalMicros(write.LastRequestAt))
	for i, window := range write.Windows {
		values = append(values, periodValue(ration.WindowPeriods[i], window.ID), micros(window.EndsAt), window.Used, window.Reserved)
	}
	values = append(rateValues(values, &write.Rates), hourValues(write.Counted)...)
	if err := tx.execOne(ctx, postUsage, append(values, key, write.Meter)...); err != nil {
		return err
	}
	if err := tx.recordBegun(ctx, key, write); err != nil {
		return err
	}
	if err := tx.recordHours(ctx, key, write); err != nil {
		return err
	}
	for _, day := range write.Days() {
		err := tx.execOne(ctx, postDay, key, write.Meter, dateText(day.Date), day.Used, day.Denied, optionalMicros(day.LastRequestAt), day.GivenBack, day.Refunds)
		if err != nil {
			return err
		}
	}
	return nil
}

// By the primary key of api_key_secrets.
const noteSecretUse = "UPDATE api_key_secrets SET last_used_at = ? WHERE api_key_id = ? AND secret_id = ?" //nolint:gosec // SQL

func (tx *tx) recordSecretUse(ctx context.Context, id ration.KeyID, secret ration.SecretID) error {
	_, err := tx.exec(ctx, noteSecretUse, micros(tx.now), blob(id), blob(secret))
	return err
}

package postgres

import (
	"time"

	"github.com/ration-dev/ration"
)

// addUsageSQL adds to rows whose periods run on: nearly all. The primary key
// serves it.
const addUsageSQL = `
UPDATE key_usage k
SET used = k.used + d.used, denied = k.denied + d.denied,
    last_request_at = coalesce(d.last_request_at, k.last_request_at),
    hour_used = k.hour_used + d.used, day_used = k.day_used + d.used,
    week_used = k.week_used + d.used, month_used = k.month_used + d.used
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::timestamptz[])
     AS d (api_key_id, meter, used, denied, last_request_at)
WHERE k.api_key_id = d.api_key_id AND k.meter = d.meter`

// setUsageSQL adds to rows that are new, have a rate or turn a period. A period
// with another label than the row's begins with what is added.
const setUsageSQL = `
INSERT INTO key_usage AS k (` + usageColumns + `)
SELECT d.api_key_id, d.meter, d.used, 0, d.denied, d.first_request_at, d.last_request_at,
       d.hour_label, d.hour_ends_at, d.hour_used, 0,
       d.day_label, d.day_ends_at, d.day_used, 0,
       d.week_label, d.week_ends_at, d.week_used, 0,
       d.month_label, d.month_ends_at, d.month_used, 0,
       d.second_rate_tat, d.second_rate_rest, d.minute_rate_tat, d.minute_rate_rest
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::timestamptz[],
            $7::timestamptz[], $8::timestamptz[], $9::bigint[],
            $10::date[], $11::timestamptz[], $12::bigint[],
            $13::date[], $14::timestamptz[], $15::bigint[],
            $16::date[], $17::timestamptz[], $18::bigint[],
            $19::timestamptz[], $20::bigint[], $21::timestamptz[], $22::bigint[])
     AS d (api_key_id, meter, used, denied, first_request_at, last_request_at,
           hour_label, hour_ends_at, hour_used, day_label, day_ends_at, day_used,
           week_label, week_ends_at, week_used, month_label, month_ends_at, month_used,
           second_rate_tat, second_rate_rest, minute_rate_tat, minute_rate_rest)
ON CONFLICT (api_key_id, meter) DO UPDATE
SET used = k.used + excluded.used, denied = k.denied + excluded.denied,
    first_request_at = coalesce(k.first_request_at, excluded.first_request_at),
    last_request_at = coalesce(excluded.last_request_at, k.last_request_at),
    hour_label = excluded.hour_label, hour_ends_at = excluded.hour_ends_at,
    hour_used = CASE WHEN k.hour_label = excluded.hour_label THEN k.hour_used ELSE 0 END + excluded.hour_used,
    hour_reserved = CASE WHEN k.hour_label = excluded.hour_label THEN k.hour_reserved ELSE 0 END,
    day_label = excluded.day_label, day_ends_at = excluded.day_ends_at,
    day_used = CASE WHEN k.day_label = excluded.day_label THEN k.day_used ELSE 0 END + excluded.day_used,
    day_reserved = CASE WHEN k.day_label = excluded.day_label THEN k.day_reserved ELSE 0 END,
    week_label = excluded.week_label, week_ends_at = excluded.week_ends_at,
    week_used = CASE WHEN k.week_label = excluded.week_label THEN k.week_used ELSE 0 END + excluded.week_used,
    week_reserved = CASE WHEN k.week_label = excluded.week_label THEN k.week_reserved ELSE 0 END,
    month_label = excluded.month_label, month_ends_at = excluded.month_ends_at,
    month_used = CASE WHEN k.month_label = excluded.month_label THEN k.month_used ELSE 0 END + excluded.month_used,
    month_reserved = CASE WHEN k.month_label = excluded.month_label THEN k.month_reserved ELSE 0 END,
    second_rate_tat = excluded.second_rate_tat, second_rate_rest = excluded.second_rate_rest,
    minute_rate_tat = excluded.minute_rate_tat, minute_rate_rest = excluded.minute_rate_rest`

// addDaysSQL adds to the history.
const addDaysSQL = `
INSERT INTO usage_days AS u (api_key_id, meter, date, used, denied, last_request_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::date[], $4::bigint[], $5::bigint[], $6::timestamptz[])
ON CONFLICT (api_key_id, meter, date) DO UPDATE
SET used = u.used + excluded.used, denied = u.denied + excluded.denied,
    last_request_at = coalesce(excluded.last_request_at, u.last_request_at)`

// secretsUsedSQL notes the last use of secrets. The primary key serves it.
//
//nolint:gosec // names of columns
const secretsUsedSQL = `
UPDATE api_key_secrets s
SET last_used_at = $3
FROM unnest($1::uuid[], $2::uuid[]) AS d (api_key_id, secret_id)
WHERE s.api_key_id = d.api_key_id AND s.secret_id = d.secret_id`

// writes is what a batch writes, as parameters.
type writes struct {
	add     [5]array // of addUsageSQL
	set     [22]array
	days    [6]array
	secrets [2]array
}

func newWrites() *writes {
	return &writes{
		add: [...]array{newUUIDs(), newTexts(), newInts(), newInts(), newTimes()},
		set: [...]array{
			newUUIDs(), newTexts(), newInts(), newInts(), newTimes(), newTimes(),
			newTimes(), newTimes(), newInts(),
			newDates(), newTimes(), newInts(),
			newDates(), newTimes(), newInts(),
			newDates(), newTimes(), newInts(),
			newTimes(), newInts(), newTimes(), newInts(),
		},
		days:    [...]array{newUUIDs(), newTexts(), newDates(), newInts(), newInts(), newTimes()},
		secrets: [...]array{newUUIDs(), newUUIDs()},
	}
}

func (w *writes) reset() {
	for _, arrays := range [][]array{w.add[:], w.set[:], w.days[:], w.secrets[:]} {
		for i := range arrays {
			arrays[i].reset()
		}
	}
}

// collect takes in what the accounts have to write.
func (w *writes) collect(b *work) {
	w.reset()
	for i := range b.keys {
		k := &b.keys[i]
		if k.account == nil {
			continue
		}
		changed := k.account.Writes()
		for i := range changed {
			write := &changed[i]
			w.addDay(k.id, write)
			if runsOn(k.usage.Meter(write.Meter), write) {
				w.addUsage(k.id, write)
			} else {
				w.setUsage(k.id, write)
			}
		}
		for _, secret := range k.account.SecretsUsed() {
			w.secrets[0].addUUID(k.id)
			w.secrets[1].addUUID(secret)
		}
	}
}

func (w *writes) empty() bool { return w.days[0].length == 0 }

// send sends the statements that have something to write and returns how many.
func (w *writes) send(p pipeline, now time.Time) (sent int) {
	for _, write := range []struct {
		statement statement
		arrays    []array
		last      []byte
	}{
		{statement: stmtAddUsage, arrays: w.add[:]},
		{statement: stmtSetUsage, arrays: w.set[:]},
		{statement: stmtAddDays, arrays: w.days[:]},
		{statement: stmtSecretsUsed, arrays: w.secrets[:], last: timeParam(now)},
	} {
		if write.arrays[0].length == 0 {
			continue
		}
		params := make([][]byte, 0, len(write.arrays)+1)
		for i := range write.arrays {
			params = append(params, write.arrays[i].param())
		}
		if write.last != nil {
			params = append(params, write.last)
		}
		p.send(write.statement, params...)
		sent++
	}
	return sent
}

// runsOn reports whether a write only adds to the row as it was read.
func runsOn(before *ration.MeterUsage, write *ration.MeterWrite) bool {
	if before == nil || before.Rates != write.Rates || before.FirstRequestAt.IsZero() && !write.FirstRequestAt.IsZero() {
		return false
	}
	for i := range write.Windows {
		if before.Windows[i].Label != write.Windows[i].Label || !before.Windows[i].EndsAt.Equal(write.Windows[i].EndsAt) {
			return false
		}
	}
	return true
}

func (w *writes) addUsage(id ration.KeyID, write *ration.MeterWrite) {
	w.add[0].addUUID(id)
	w.add[1].addText(write.Meter)
	w.add[2].addInt(write.Used)
	w.add[3].addInt(write.Denied)
	w.add[4].addTimeOrNull(write.LastRequestAt)
}

func (w *writes) setUsage(id ration.KeyID, write *ration.MeterWrite) {
	w.set[0].addUUID(id)
	w.set[1].addText(write.Meter)
	w.set[2].addInt(write.Used)
	w.set[3].addInt(write.Denied)
	w.set[4].addTimeOrNull(write.FirstRequestAt)
	w.set[5].addTimeOrNull(write.LastRequestAt)
	next := w.set[6:]
	for i := range write.Windows {
		window := &write.Windows[i]
		if ration.WindowPeriods[i] == ration.PeriodHour {
			next[0].addTime(window.Label.Hour())
		} else {
			next[0].addDate(window.Label)
		}
		next[1].addTime(window.EndsAt)
		next[2].addInt(window.Used)
		next = next[3:]
	}
	for i := range write.Rates {
		next[0].addTime(write.Rates[i].TAT)
		next[1].addInt(write.Rates[i].Rest)
		next = next[2:]
	}
}

func (w *writes) addDay(id ration.KeyID, write *ration.MeterWrite) {
	w.days[0].addUUID(id)
	w.days[1].addText(write.Meter)
	w.days[2].addDate(write.Day)
	w.days[3].addInt(write.Used)
	w.days[4].addInt(write.Denied)
	w.days[5].addTimeOrNull(write.LastRequestAt)
}

package postgres

import (
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/sqladmin"
	"github.com/ration-dev/ration/internal/storedjson"
)

// A repair writes the rows of all its keys with one statement each.
var (
	// setWindowsSQL uses the primary key of key_usage.
	setWindowsSQL = counted(`
UPDATE key_usage k
SET first_request_at = d.first_request_at, last_request_at = d.last_request_at,
    hour_label = d.hour_label, hour_ends_at = d.hour_ends_at, hour_used = d.hour_used, hour_reserved = d.hour_reserved,
    day_label = d.day_label, day_ends_at = d.day_ends_at, day_used = d.day_used, day_reserved = d.day_reserved,
    week_label = d.week_label, week_ends_at = d.week_ends_at, week_used = d.week_used, week_reserved = d.week_reserved,
    month_label = d.month_label, month_ends_at = d.month_ends_at, month_used = d.month_used, month_reserved = d.month_reserved,
    second_rate_tat = d.second_rate_tat, second_rate_rest = d.second_rate_rest,
    minute_rate_tat = d.minute_rate_tat, minute_rate_rest = d.minute_rate_rest,
    second_rate_quantity = d.second_rate_quantity, second_rate_quantity_tat = d.second_rate_tat,
    minute_rate_quantity = d.minute_rate_quantity, minute_rate_quantity_tat = d.minute_rate_tat,
    counted_hour = d.counted_hour, counted_used = d.counted_used, counted_given_back = d.counted_given_back, counted_denied = d.counted_denied,
    resets = d.resets::jsonb, shifted = d.shifted::jsonb
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[],
            $5::timestamptz[], $6::timestamptz[], $7::bigint[], $8::bigint[],
            $9::date[], $10::timestamptz[], $11::bigint[], $12::bigint[],
            $13::date[], $14::timestamptz[], $15::bigint[], $16::bigint[],
            $17::date[], $18::timestamptz[], $19::bigint[], $20::bigint[],
            $21::timestamptz[], $22::bigint[], $23::timestamptz[], $24::bigint[], $25::bigint[], $26::bigint[],
            $27::timestamptz[], $28::bigint[], $29::bigint[], $30::bigint[], $31::text[], $32::text[])
     AS d (api_key_id, meter, first_request_at, last_request_at,
           hour_label, hour_ends_at, hour_used, hour_reserved, day_label, day_ends_at, day_used, day_reserved,
           week_label, week_ends_at, week_used, week_reserved, month_label, month_ends_at, month_used, month_reserved,
           second_rate_tat, second_rate_rest, minute_rate_tat, minute_rate_rest, second_rate_quantity, minute_rate_quantity,
           `+countedColumns+`, resets, shifted)
WHERE k.api_key_id = d.api_key_id AND k.meter = d.meter`, rowsSent)

	// foldDaysSQL adds to days what others counted.
	foldDaysSQL = counted(`
INSERT INTO usage_days AS u (api_key_id, meter, date, used, denied, last_request_at, given_back, refunds)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::date[], $4::bigint[], $5::bigint[], $6::timestamptz[], $7::bigint[], $8::bigint[])
ON CONFLICT (api_key_id, meter, date) DO UPDATE
SET used = u.used + excluded.used, denied = u.denied + excluded.denied,
    last_request_at = coalesce(excluded.last_request_at, u.last_request_at),
    given_back = u.given_back + least(excluded.given_back, `+mostUnits+` - u.given_back), refunds = u.refunds + excluded.refunds`, rowsSent)

	// moveRefundsSQL adds to a period what was given back in later ones.
	moveRefundsSQL = counted(`
INSERT INTO refunds AS r (api_key_id, meter, period, label, units, created_at)
SELECT d.api_key_id, d.meter, d.period, d.label, d.units, $6
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[]) AS d (api_key_id, meter, period, label, units)
ON CONFLICT (api_key_id, meter, period, label) DO UPDATE
SET units = r.units + least(excluded.units, `+mostUnits+` - r.units)`, rowsSent)

	// deleteRefundsSQL uses the primary key of refunds.
	deleteRefundsSQL = counted(`
DELETE FROM refunds r
USING unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[]) AS d (api_key_id, meter, period, label)
WHERE r.api_key_id = d.api_key_id AND r.meter = d.meter AND r.period = d.period AND r.label = d.label`, rowsSent)

	// deleteHoursSQL uses the primary key of usage_hours.
	deleteHoursSQL = counted(`
DELETE FROM usage_hours u
USING unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS d (api_key_id, meter, hour)
WHERE u.api_key_id = d.api_key_id AND u.meter = d.meter AND u.hour = d.hour`, rowsSent)

	// deleteDaysSQL uses the primary key of usage_days.
	deleteDaysSQL = counted(`
DELETE FROM usage_days u
USING unnest($1::uuid[], $2::text[], $3::date[]) AS d (api_key_id, meter, date)
WHERE u.api_key_id = d.api_key_id AND u.meter = d.meter AND u.date = d.date`, rowsSent)
)

// earlierSecretUsesSQL uses the primary key of api_key_secrets.
//
//nolint:gosec // names of columns
const earlierSecretUsesSQL = "UPDATE api_key_secrets SET last_used_at = $2 WHERE api_key_id = ANY($1::uuid[]) AND last_used_at > $2"

// repairRows is what repairs write, by columns.
type repairRows struct {
	windows struct {
		keys            [][16]byte
		meters          []string
		first, last     []*time.Time
		periodIDs, ends [len(ration.WindowPeriods)][]time.Time
		used, held      [len(ration.WindowPeriods)][]int64
		rates           rateColumns
		counted         hourColumns
		resets, shifted []*string
	}
	into struct {
		keys         [][16]byte
		meters       []string
		dates        []time.Time
		used, denied []int64
		last         []*time.Time
		back, times  []int64 // units and charges that were given back
	}
	from  dayColumns
	hours dayColumns // whose dates are hours

	refundsInto, refundsFrom refundColumns

	keys  [][16]byte
	audit auditColumns
}

// add adds what a repair leaves.
func (r *repairRows) add(repair *admin.UsageRepair) {
	key := [16]byte(repair.KeyID)
	for i := range repair.Meters {
		r.addWindows(key, &repair.Meters[i])
		r.addFold(key, &repair.Meters[i])
		r.addMoved(key, repair.Meters[i].Moved)
	}
	r.keys = append(r.keys, key)
	r.audit.add(repair.Audit)
}

func (r *repairRows) addWindows(key [16]byte, meter *admin.MeterRecord) {
	w := &r.windows
	w.keys, w.meters = append(w.keys, key), append(w.meters, meter.Meter)
	w.first, w.last = append(w.first, orNil(meter.FirstRequestAt)), append(w.last, orNil(meter.LastRequestAt))
	for i, window := range meter.Windows {
		w.periodIDs[i] = append(w.periodIDs[i], periodTime(ration.WindowPeriods[i], window.ID))
		w.ends[i] = append(w.ends[i], orEpoch(window.EndsAt))
		w.used[i], w.held[i] = append(w.used[i], window.Used), append(w.held[i], window.Reserved)
	}
	w.rates.add(&meter.Rates)
	w.counted.add(meter.Counted)
	w.resets, w.shifted = append(w.resets, textOrNil(storedjson.Resets(&meter.Resets))), append(w.shifted, textOrNil(storedjson.Shifted(meter.Shifted)))
}

func (r *repairRows) addFold(key [16]byte, meter *admin.MeterRecord) {
	for _, hour := range meter.HoursFrom {
		r.hours.keys, r.hours.meters, r.hours.dates = append(r.hours.keys, key), append(r.hours.meters, meter.Meter), append(r.hours.dates, hour.Hour())
	}
	if len(meter.Fold.From) == 0 {
		return
	}
	into, day := &r.into, meter.Fold.Into
	into.keys, into.meters, into.dates = append(into.keys, key), append(into.meters, meter.Meter), append(into.dates, day.Date.Date())
	into.used, into.denied, into.last = append(into.used, day.Used), append(into.denied, day.Denied), append(into.last, orNil(day.LastRequestAt))
	into.back, into.times = append(into.back, day.GivenBack), append(into.times, day.Refunds)
	for _, date := range meter.Fold.From {
		r.from.add(key, meter.Meter, date)
	}
}

func (r *repairRows) addMoved(key [16]byte, moved []admin.RefundMove) {
	for _, move := range moved {
		r.refundsInto.add(key, move.Into)
		for _, from := range move.From {
			r.refundsFrom.add(key, ledger.PeriodRefunds{RefundPeriod: from})
		}
	}
}

// refundColumns are rows of refunds.
type refundColumns struct {
	keys             [][16]byte
	meters, periods  []string
	periodIDs, units []int64
}

func (c *refundColumns) add(key [16]byte, refunded ledger.PeriodRefunds) {
	c.keys, c.meters, c.periods = append(c.keys, key), append(c.meters, refunded.Meter), append(c.periods, string(refunded.Period))
	c.periodIDs, c.units = append(c.periodIDs, int64(refunded.ID)), append(c.units, refunded.Units)
}

// batch returns the statements that write the rows.
func (r *repairRows) batch(now time.Time) *sqladmin.Batch {
	b, w := new(sqladmin.Batch), &r.windows
	values := []any{w.keys, w.meters, w.first, w.last}
	for i := range w.periodIDs {
		values = append(values, w.periodIDs[i], w.ends[i], w.used[i], w.held[i])
	}
	values = append(append(values, w.rates.values()...), w.counted.values()...)
	b.Add(setWindowsSQL, append(values, w.resets, w.shifted)...)
	if len(r.hours.keys) > 0 {
		b.Add(deleteHoursSQL, r.hours.keys, r.hours.meters, r.hours.dates)
	}
	if len(r.into.keys) > 0 {
		b.Add(foldDaysSQL, r.into.keys, r.into.meters, r.into.dates, r.into.used, r.into.denied, r.into.last, r.into.back, r.into.times)
		b.Add(deleteDaysSQL, r.from.keys, r.from.meters, r.from.dates)
	}
	if into, from := &r.refundsInto, &r.refundsFrom; len(into.keys) > 0 {
		b.Add(moveRefundsSQL, into.keys, into.meters, into.periods, into.periodIDs, into.units, now)
		b.Add(deleteRefundsSQL, from.keys, from.meters, from.periods, from.periodIDs)
	}
	b.Add(earlierSecretUsesSQL, r.keys, now)
	b.Add(auditRowsSQL, r.audit.values(now)...)
	return b
}

// periodTime returns a period's id for its column.
func periodTime(period ration.Period, periodID ration.PeriodID) time.Time {
	if period == ration.PeriodHour {
		return periodID.Hour()
	}
	return periodID.Date()
}

func textOrNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// orEpoch returns a time for a column that is never NULL.
func orEpoch(t time.Time) time.Time {
	if t.IsZero() {
		return time.Unix(0, 0)
	}
	return t
}

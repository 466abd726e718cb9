package postgres

import (
	"cmp"

	"github.com/ration-dev/ration"

	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/storedjson"
)

// usageColumns is what usage reads. A quantity belongs to its rate's tat only where it
// was written with it.
const usageColumns = chargedColumns + `, resets, shifted`

// chargedColumns are those that a charge writes.
const chargedColumns = countColumns + `,
       second_rate_quantity, second_rate_quantity_tat, minute_rate_quantity, minute_rate_quantity_tat,
       ` + countedColumns

// countedColumns are the latest hour that was counted in.
const countedColumns = `counted_hour, counted_used, counted_given_back, counted_denied`

const countColumns = `api_key_id, meter, used, reserved, denied, first_request_at, last_request_at,
       hour_label, hour_ends_at, hour_used, hour_reserved,
       day_label, day_ends_at, day_used, day_reserved,
       week_label, week_ends_at, week_used, week_reserved,
       month_label, month_ends_at, month_used, month_reserved,
       second_rate_tat, second_rate_rest, minute_rate_tat, minute_rate_rest`

// batchIDSQL marks the batch. It waits for an earlier attempt that still runs,
// fails if one was committed, and passes if there is none or all have died.
var batchIDSQL = counted(`INSERT INTO charge_batches (api_key_id, id) VALUES ($1, $2)`, "1")

// lockSQL locks the keys and reads their rows as they are after the wait. It
// names this table alone: after a wait PostgreSQL reads only the locked row
// anew, so a joined key or plan would be that of before. The primary key serves it.
const lockSQL = `
SELECT ` + usageColumns + `, xmin
FROM key_usage
WHERE api_key_id = ANY($1::uuid[]) AND meter = '` + ration.MeterRequests + `'
ORDER BY api_key_id
FOR NO KEY UPDATE`

// lockFreeSQL is lockSQL for keys that were stuck: it leaves out those that are locked now.
const lockFreeSQL = lockSQL + ` SKIP LOCKED`

// metersSQL reads other meters of keys that are locked. The primary key serves it.
const metersSQL = `
SELECT ` + usageColumns + `, xmin
FROM key_usage
WHERE api_key_id = ANY($1::uuid[]) AND meter = ANY($2::text[])`

// usage reads a row of usageColumns.
func (r *row) usage() (id ration.KeyID, usage ledger.MeterUsage) {
	id = r.uuid()
	usage.Meter = r.meter()
	usage.Used, usage.Reserved, usage.Denied = r.int(), r.int(), r.int()
	usage.FirstRequestAt, usage.LastRequestAt = r.time(), r.time()
	for i := range usage.Windows {
		window := &usage.Windows[i]
		if ration.WindowPeriods[i] == ration.PeriodHour {
			window.ID = r.hour()
		} else {
			window.ID = r.date()
		}
		window.EndsAt, window.Used, window.Reserved = r.time(), r.int(), r.int()
	}
	for i := range usage.Rates {
		usage.Rates[i] = ledger.RateState{TAT: r.time(), Rest: r.int()}
	}
	for i := range usage.Rates {
		rate, quantity := &usage.Rates[i], r.int()
		if r.time().Equal(rate.TAT) { // or a release that does not know the quantity moved the rate
			rate.Quantity = quantity
		}
	}
	usage.Counted = r.hourCount()
	var err, other error
	usage.Resets, err = storedjson.ReadResets(r.json())
	usage.Shifted, other = storedjson.ReadShifted(r.json())
	if r.err == nil {
		r.err = cmp.Or(err, other)
	}
	return id, usage
}

// meter reads a meter's name; the one that every row has costs no memory.
func (r *row) meter() string {
	name := r.take(-1)
	if string(name) == ration.MeterRequests {
		return ration.MeterRequests
	}
	return string(name)
}

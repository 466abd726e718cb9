package postgres

import (
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/sqladmin"
	"github.com/ration-dev/ration/internal/storedjson"
)

// earlierFirstRequestsSQL uses the primary key of key_usage. What adds usage sets
// this only where there is none.
const earlierFirstRequestsSQL = `
UPDATE key_usage k
SET first_request_at = d.first_request_at
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS d (api_key_id, meter, first_request_at)
WHERE k.api_key_id = d.api_key_id AND k.meter = d.meter AND k.first_request_at > d.first_request_at`

// raiseRows is what raises write, by columns; each table's rows with one statement.
type raiseRows struct {
	usage struct {
		keys            [][16]byte
		meters          []string
		used, denied    []int64
		first, last     []*time.Time
		periodIDs, ends [len(ration.WindowPeriods)][]time.Time
		windows         [len(ration.WindowPeriods)][]int64
		rates           rateColumns
		counted         hourColumns
	}
	hours struct {
		keys   [][16]byte
		meters []string
		hourColumns
	}
	begun struct {
		keys            [][16]byte
		meters          []string
		resets, shifted []*string
	}
	days         dayColumns
	used, denied []int64 // of the days
	last         []*time.Time
	audit        auditColumns
}

// dayColumns is the first columns of rows of usage_days.
type dayColumns struct {
	keys   [][16]byte
	meters []string
	dates  []time.Time
}

func (d *dayColumns) add(key [16]byte, meter string, date ration.PeriodID) {
	d.keys, d.meters, d.dates = append(d.keys, key), append(d.meters, meter), append(d.dates, date.Date())
}

// rateColumns are the rates of rows of key_usage.
type rateColumns struct {
	tats              [len(ledger.RatePeriods)][]time.Time
	rests, quantities [len(ledger.RatePeriods)][]int64
}

func (c *rateColumns) add(rates *[len(ledger.RatePeriods)]ledger.RateState) {
	for i, rate := range rates {
		c.tats[i] = append(c.tats[i], orEpoch(rate.TAT))
		c.rests[i], c.quantities[i] = append(c.rests[i], rate.Rest), append(c.quantities[i], rate.Quantity)
	}
}

func (c *rateColumns) values() (values []any) {
	for i := range c.tats {
		values = append(values, c.tats[i], c.rests[i])
	}
	for i := range c.quantities {
		values = append(values, c.quantities[i])
	}
	return values
}

// add adds what a raise leaves.
func (r *raiseRows) add(raise *admin.UsageRaise) {
	for i := range raise.Additions {
		addition := &raise.Additions[i]
		r.addUsage(raise.KeyID, &addition.MeterWrite)
		for _, day := range addition.Days {
			r.days.add(raise.KeyID, addition.Meter, day.Date)
			r.used, r.denied, r.last = append(r.used, day.Used), append(r.denied, day.Denied), append(r.last, orNil(day.LastRequestAt))
		}
	}
	r.audit.add(raise.Audit)
}

func (r *raiseRows) addUsage(key [16]byte, write *ledger.MeterWrite) {
	u := &r.usage
	u.keys, u.meters = append(u.keys, key), append(u.meters, write.Meter)
	u.used, u.denied = append(u.used, write.Used), append(u.denied, write.Denied)
	u.first, u.last = append(u.first, orNil(write.FirstRequestAt)), append(u.last, orNil(write.LastRequestAt))
	for i, window := range write.Windows {
		u.periodIDs[i] = append(u.periodIDs[i], periodTime(ration.WindowPeriods[i], window.ID))
		u.ends[i], u.windows[i] = append(u.ends[i], orEpoch(window.EndsAt)), append(u.windows[i], window.Used)
	}
	u.rates.add(&write.Rates)
	u.counted.add(write.Counted)
	for _, count := range write.OtherHours {
		r.hours.keys, r.hours.meters = append(r.hours.keys, key), append(r.hours.meters, write.Meter)
		r.hours.add(count)
	}
	if b := &r.begun; write.Resets != nil {
		b.keys, b.meters = append(b.keys, key), append(b.meters, write.Meter)
		b.resets, b.shifted = append(b.resets, textOrNil(storedjson.Resets(write.Resets))), append(b.shifted, textOrNil(storedjson.Shifted(write.Shifted)))
	}
}

// batch returns the statements that write the rows.
func (r *raiseRows) batch(now time.Time) *sqladmin.Batch {
	b, u := new(sqladmin.Batch), &r.usage
	values := []any{u.keys, u.meters, u.used, u.denied, u.first, u.last}
	for i := range u.periodIDs {
		values = append(values, u.periodIDs[i], u.ends[i], u.windows[i])
	}
	b.Add(setUsageSQL, append(append(values, u.rates.values()...), u.counted.hours, u.counted.used, u.counted.denied)...)
	if h := &r.hours; len(h.keys) > 0 {
		b.Add(addHoursSQL, append([]any{h.keys, h.meters}, h.values()...)...)
	}
	if w := &r.begun; len(w.keys) > 0 {
		b.Add(setBegunSQL, w.keys, w.meters, w.resets, w.shifted)
	}
	b.Add(earlierFirstRequestsSQL, u.keys, u.meters, u.first)
	b.Add(addDaysSQL, r.days.keys, r.days.meters, r.days.dates, r.used, r.denied, r.last)
	b.Add(auditRowsSQL, r.audit.values(now)...)
	return b
}

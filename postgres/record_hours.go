package postgres

import (
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// addHoursSQL adds to hours of the history, and gives back no more than was used.
var addHoursSQL = counted(`
INSERT INTO usage_hours AS u (api_key_id, meter, hour, used, given_back, denied)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bigint[], $5::bigint[], $6::bigint[])
ON CONFLICT (api_key_id, meter, hour) DO UPDATE
SET used = u.used + least(excluded.used, `+mostUnits+` - u.used),
    given_back = u.given_back + least(excluded.given_back, u.used + least(excluded.used, `+mostUnits+` - u.used) - u.given_back),
    denied = u.denied + excluded.denied`, rowsSent)

// addHours takes in hours that the row of key_usage does not count: none, as long as an
// hour runs on.
func (w *writes) addHours(id ration.KeyID, write *ledger.MeterWrite) {
	for _, count := range write.OtherHours {
		w.hours[0].addUUID(id)
		w.hours[1].addText(write.Meter)
		addHour(w.hours[2:], count)
	}
}

func addHour(to []array, count ledger.HourCount) {
	to[0].addTime(count.Hour.Hour())
	to[1].addInt(count.Used)
	to[2].addInt(count.GivenBack)
	to[3].addInt(count.Denied)
}

// hourCount reads what addHour adds.
func (r *row) hourCount() ledger.HourCount {
	return ledger.HourCount{Hour: r.hour(), Used: r.int(), GivenBack: r.int(), Denied: r.int()}
}

// hourColumns are hours of rows, in the order of addHour.
type hourColumns struct {
	hours                   []time.Time
	used, givenBack, denied []int64
}

func (c *hourColumns) add(count ledger.HourCount) {
	c.hours = append(c.hours, count.Hour.Hour())
	c.used, c.givenBack, c.denied = append(c.used, count.Used), append(c.givenBack, count.GivenBack), append(c.denied, count.Denied)
}

func (c *hourColumns) values() []any { return []any{c.hours, c.used, c.givenBack, c.denied} }

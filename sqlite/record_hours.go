package sqlite

import (
	"context"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// addHour adds to an hour of the history, and gives back no more than was used. By the
// primary key of usage_hours.
const addHour = `INSERT INTO usage_hours (api_key_id, meter, hour, used, given_back, denied) VALUES (?,?,?,?,?,?)
ON CONFLICT (hour, api_key_id, meter) DO UPDATE SET
	used = used + min(excluded.used, ` + mostUnits + ` - used),
	given_back = given_back + min(excluded.given_back, used + min(excluded.used, ` + mostUnits + ` - used) - given_back),
	denied = denied + excluded.denied`

// recordHours records hours that the row of key_usage does not count: nothing, as long
// as an hour runs on.
func (tx *tx) recordHours(ctx context.Context, key []byte, write *ledger.MeterWrite) error {
	for _, count := range write.OtherHours {
		if err := tx.execOne(ctx, addHour, append([]any{key, write.Meter}, hourValues(count)...)...); err != nil {
			return err
		}
	}
	return nil
}

// hourValues are the hour, and what was used, given back and denied in it.
func hourValues(count ledger.HourCount) []any {
	return []any{hourValue(count.Hour), count.Used, count.GivenBack, count.Denied}
}

func hourValue(hour ration.PeriodID) any { return periodValue(ration.PeriodHour, hour) }

// hourCount reads what hourValues are.
func (r *row) hourCount(column int) ledger.HourCount {
	return ledger.HourCount{
		Hour: r.periodID(ration.PeriodHour, column), Used: r.int(column + 1), GivenBack: r.int(column + 2), Denied: r.int(column + 3),
	}
}

package storedjson

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// resets are a ledger.Resets.
type resets struct {
	Epoch   int64   `json:"epoch"`
	Periods []reset `json:"periods"`
}

// reset is a ledger.Reset. An hour begins at its start, anything else on its first
// date, and a lifetime has no begin.
type reset struct {
	Period   ration.Period `json:"period"`
	Hour     time.Time     `json:"hour,omitzero"`
	Date     string        `json:"date,omitempty"`
	Epoch    int64         `json:"epoch"`
	Used     int64         `json:"used"`
	Reserved int64         `json:"reserved,omitempty"`
}

// resetPeriods are the periods of ledger.Resets, in their order.
var resetPeriods = append(slices.Clone(ration.WindowPeriods[:]), ration.PeriodLifetime)

// Resets returns the resets of a meter as JSON text; of none it is "".
func Resets(all *ledger.Resets) string {
	if *all == (ledger.Resets{}) {
		return ""
	}
	kept := resets{Epoch: all.Epoch, Periods: []reset{}}
	for i, r := range all.Periods {
		if r.Epoch == 0 {
			continue
		}
		one := reset{Period: resetPeriods[i], Epoch: r.Epoch, Used: r.Used, Reserved: r.Reserved}
		switch one.Period {
		case ration.PeriodHour:
			one.Hour = r.ID.Hour()
		case ration.PeriodLifetime:
		default:
			one.Date = r.ID.Date().Format(time.DateOnly)
		}
		kept.Periods = append(kept.Periods, one)
	}
	return text(kept)
}

// ReadResets is the inverse of Resets.
func ReadResets(stored []byte) (all ledger.Resets, err error) {
	if len(stored) == 0 {
		return all, nil
	}
	kept, err := read[resets](stored)
	if err != nil {
		return all, err
	}
	all.Epoch = kept.Epoch
	for _, one := range kept.Periods {
		i := slices.Index(resetPeriods, one.Period)
		if i < 0 {
			continue // of a later release
		}
		all.Periods[i] = ledger.Reset{Epoch: one.Epoch, Used: one.Used, Reserved: one.Reserved}
		switch one.Period {
		case ration.PeriodHour:
			all.Periods[i].ID = ration.HourID(one.Hour)
		case ration.PeriodLifetime:
		default:
			var first date
			if err := first.UnmarshalText([]byte(one.Date)); err != nil {
				return all, err
			}
			all.Periods[i].ID = ration.PeriodID(first)
		}
	}
	return all, nil
}

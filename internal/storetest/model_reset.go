package storetest

import (
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// modelReset is the last reset of a period: limits leave out what was admitted in an
// earlier epoch.
type modelReset struct {
	id    ration.PeriodID
	epoch int64 // 0: there was none
}

// lasting are the periods of quotas, in the order of a store's resets.
var lasting = []ration.Period{ration.PeriodHour, ration.PeriodDay, ration.PeriodWeek, ration.PeriodMonth, ration.PeriodLifetime}

// reset begins limits of a meter anew.
func (m *modelMeter) reset(limits []ration.Limit, now time.Time, zone *time.Location) {
	next, turned := m.epoch+1, m.turned(now, zone)
	for _, limit := range limits {
		delete(m.rates, limit.Period)
		for i, period := range lasting {
			if period != limit.Period {
				continue
			}
			reset := modelReset{epoch: next}
			if i < len(turned) {
				if turned[i].id != m.running[i].id {
					continue // it is over
				}
				reset.id = turned[i].id
			}
			m.resets[i], m.epoch = reset, next
		}
	}
}

// before reports whether an admission of a period is from before its reset.
func (r modelReset) before(entry admission, id ration.PeriodID) bool {
	return r.id == id && entry.epoch < r.epoch
}

// resetsOf adds up what resets have set aside.
func (m *modelMeter) resetsOf() (resets ledger.Resets) {
	resets.Epoch = m.epoch
	for i, reset := range m.resets {
		if reset.epoch == 0 {
			continue
		}
		resets.Periods[i] = ledger.Reset{ID: reset.id, Epoch: reset.epoch}
		resets.Periods[i].Used, resets.Periods[i].Reserved = m.sum(func(entry admission) bool {
			return entry.epoch < reset.epoch && (i == len(entry.periods) || entry.periods[i] == reset.id)
		})
	}
	return resets
}

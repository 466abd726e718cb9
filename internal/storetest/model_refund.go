package storetest

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// refund gives back the charge that a receipt is of: the first one of the same
// postings that was not given back.
func (m *model) refund(k *modelKey, receipt *ration.Receipt, now time.Time) ration.Decision {
	decision := k.told(now)
	if m.hasEnough(k, receipt, now) {
		decision.Code = ration.CodeRefundsExhausted
		return decision
	}
	postings := receipt.Postings
	if !receipt.Reservation.IsZero() {
		decision = k.end(ration.End{ID: receipt.Reservation, Action: ration.EndVoid}, now)
		if decision.Code != ration.CodeOK || decision.Replayed {
			return decision
		}
		postings = nil // its end says what of them is used
	}
	k.refunds = append(k.refunds, receipt.Postings)
	for _, posting := range postings {
		entries := k.meter(posting.Meter).admitted
		i := slices.IndexFunc(entries, func(a admission) bool {
			return a.of == nil && !a.back && a.units == posting.Units && a.periods == posting.Periods && a.epoch == posting.Epoch
		})
		entries[i].back = true
	}
	k.forget(func(r modelReplay) bool { return r.key == receipt.IdempotencyKey && r.at.Equal(receipt.ChargedAt) })
	return decision
}

// hasEnough says whether a key got back so much that this charge stays: a tenth of
// a limit, or 10 units of it if that is more but not more than the limit. Of what no
// quota speaks of, the thousandth charge of a day is the last.
func (m *model) hasEnough(k *modelKey, receipt *ration.Receipt, now time.Time) bool {
	free := true
	for _, limit := range m.limits(k, now) {
		for _, posting := range receipt.Postings {
			if limit.Kind == ration.KindRate || limit.Meter != posting.Meter || posting.Units == 0 {
				continue
			}
			free = false
			most := limit.Quantity / 10
			if most < 10 {
				most = min(10, limit.Quantity)
			}
			if k.gotBack(limit.Meter, limit.Period, posting.Periods)+posting.Units > most {
				return true
			}
		}
	}
	if !free {
		return false
	}
	today := 0
	for _, given := range k.refunds {
		if given[0].Periods[1] == receipt.Postings[0].Periods[1] {
			today++
		}
	}
	return today >= 1000
}

// gotBack adds up what was given back on a meter in one of the periods of these ids.
func (k *modelKey) gotBack(meter string, period ration.Period, periodIDs [4]ration.PeriodID) (sum int64) {
	i := slices.Index([]ration.Period{ration.PeriodHour, ration.PeriodDay, ration.PeriodWeek, ration.PeriodMonth}, period)
	for _, given := range k.refunds {
		for _, posting := range given {
			if posting.Meter == meter && (i < 0 || posting.Periods[i] == periodIDs[i]) {
				sum += posting.Units
			}
		}
	}
	return sum
}

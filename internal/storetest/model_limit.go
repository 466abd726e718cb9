package storetest

import (
	"time"

	"github.com/ration-dev/ration"
)

// question is one limit asked about one charge: what it had given before, and
// its answer.
type question struct {
	limit  ration.Limit
	units  int64
	now    time.Time
	bucket bucket // rates: before the charge

	// Quotas: in the running period, before the charge, and its end.
	used, reserved int64
	ends           time.Time

	refuses  ration.Code // or ""
	wait     time.Duration
	tooLarge bool      // for the limit, whatever is left of it
	never    bool      // waiting does not help
	opensAt  time.Time // when the limit, or what will be in its place, has room
}

// ask asks all limits on the charged meters, in the order of meters and lengths.
func (m *model) ask(key *modelKey, charge item, now time.Time, zone *time.Location) []question {
	var questions []question
	limits, changed := m.limits(key, now), m.limitsChanged(key, now)
	for _, amount := range charge.Amounts {
		for _, limit := range limits {
			if limit.Meter != amount.Meter {
				continue
			}
			q := question{limit: limit, units: amount.Units, now: now}
			meter := key.meter(amount.Meter)
			if limit.Kind == ration.KindRate {
				turned := meter.turnedBack(now)
				q.bucket = turned.bucket(limit, changed, now)
			} else {
				q.used, q.reserved, q.ends = meter.countIn(limit.Period, now, zone)
			}
			q.answer()
			questions = append(questions, q)
		}
	}
	return questions
}

func (q *question) answer() {
	most := q.limit.Quantity
	if q.limit.Kind == ration.KindRate && q.limit.Burst > 0 {
		most = q.limit.Burst
	}
	switch {
	case q.units == 0:
	case q.units > most:
		q.refuses, q.never, q.tooLarge = ration.CodeQuotaExceeded, true, most > 0
		if q.limit.Kind == ration.KindRate {
			q.refuses = ration.CodeRateExceeded
		}
	case q.limit.Kind == ration.KindRate:
		if wait := q.bucket.wait(q.units); wait > 0 {
			q.refuses, q.wait = ration.CodeRateExceeded, wait
		}
	case q.used+q.reserved+q.units > q.limit.Quantity:
		q.refuses, q.never = ration.CodeQuotaExceeded, q.limit.Period == ration.PeriodLifetime
		if !q.never {
			q.wait = q.ends.Sub(q.now)
		}
	}
}

// verdict is what the caller is told: of all refusals the one that can't pass,
// the one that never passes by waiting, or the one that waits longest.
func verdict(questions []question) (ration.Code, time.Duration) {
	code, wait := ration.CodeOK, time.Duration(0)
	never := false
	for _, q := range questions {
		switch {
		case q.tooLarge && q.never:
			return ration.CodeCostExceedsLimit, 0
		case q.never && !never:
			code, wait, never = q.refuses, 0, true
		case q.refuses != "" && !never && q.wait > wait:
			code, wait = q.refuses, q.wait
		}
	}
	return code, wait
}

// status is how the limit stands after the charge was admitted or not.
func (q *question) status(admitted, held bool) ration.LimitStatus {
	status := ration.LimitStatus{Limit: q.limit, Exceeded: q.refuses != ""}
	units := int64(0)
	if admitted {
		units = q.units
	}
	if q.limit.Kind == ration.KindRate {
		q.bucket.describe(&status, units, q.now)
		return status
	}
	status.Used, status.Reserved = q.used+units, q.reserved
	if held {
		status.Used, status.Reserved = q.used, q.reserved+units
	}
	status.Remaining = max(0, q.limit.Quantity-status.Used-status.Reserved)
	if q.limit.Quantity > 0 {
		status.ResetsAt, status.AvailableAt = q.ends, q.ends
	}
	return status
}

// note keeps what an admission owes to a rate.
func (q *question) note(meter *modelMeter) {
	if q.limit.Kind == ration.KindRate && q.limit.Quantity > 0 {
		owed := q.bucket.after(q.units)
		if roundUp(q.bucket.lasts(owed)) < centuries {
			meter.rates[q.limit.Period] = modelRate{q.limit, owed, q.now}
		}
	}
}

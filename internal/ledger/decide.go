package ledger

import (
	"time"

	"github.com/ration-dev/ration"
)

// Decide says whether a charge is admitted, and what that changes. It is pure: it
// reads no clock and no store, keeps nothing, and changes none of its arguments. The
// charge must be normalised, and its amounts in the units of their meters. Secret says which of the key's secrets was sent; zero:
// none was. Usage after the decision is usage.Apply(changes).
//
// It checks in this order: the secret, the key's status and expiry, its IP allow
// list, the scope, then all limits on the charged meters. A denied charge changes
// nothing that its limits read, but is counted as denied. A dry run changes nothing.
// [ration.CodeClockSuspect] means that there was no decision and no change.
func Decide(policy *Policy, usage Usage, charge *ration.Charge, secret ration.SecretID, clock Clock) (ration.Decision, Changes) {
	decision := ration.Decision{Code: policy.refuses(charge, secret, clock.Now), DecidedAt: clock.Now, DryRun: charge.DryRun}
	if decision.Code != ration.CodeKeyUnknown { // a secret that is not the key's own shows nothing about the key
		decision.KeyID, decision.KeyName, decision.Owner, decision.Plan = policy.Key.ID, policy.Key.Name, policy.Key.Owner, policy.Key.Plan
		decision.Amounts = charge.Amounts
	}
	changes, turned := changesOf(policy, usage, charge, clock.Now)
	if decision.Code == ration.CodeOK && turned && clock.Suspect {
		decision.Code = ration.CodeClockSuspect
		return decision, Changes{}
	}
	if decision.Code == ration.CodeOK {
		consult(&decision, policy, usage, &changes)
		if decision.RetryAfter > 0 && policy.refuses(charge, secret, clock.Now.Add(decision.RetryAfter)) != ration.CodeOK {
			decision.RetryAfter = 0 // by then the key or the secret will have expired
		}
	}
	switch {
	case charge.DryRun:
		return decision, Changes{}
	case decision.Code != ration.CodeOK:
		changes.becomeDenial()
	}
	return decision, changes
}

// changesOf returns what the charge changes if it is admitted, and whether it begins
// or moves a period.
func changesOf(policy *Policy, usage Usage, charge *ration.Charge, now time.Time) (changes Changes, turned bool) {
	changes = Changes{At: now, Held: charge.Hold != nil, TakesSlots: takesSlots(charge), Meters: make([]MeterChange, len(charge.Amounts))}
	for i, amount := range charge.Amounts {
		change := &changes.Meters[i]
		change.Meter, change.Units = amount.Meter, amount.Units
		if entry := usage.Meter(amount.Meter); entry != nil {
			change.Window, change.Rates = entry.Windows, entry.Rates
			if entry.LastRequestAt.After(now) {
				stepped := *entry
				stepped.StepBack(now)
				change.Rates = stepped.Rates
			}
		}
		for w := range change.Window {
			var turns bool
			change.Window[w], turns = change.Window[w].at(ration.WindowPeriods[w], now, policy.Zone)
			turned = turned || turns
		}
		change.Day, change.Hour = change.Window[windowDay].ID, change.Window[windowHour].ID
		var begins bool
		change.Shifted, change.Epoch, begins = usage.meterOrUnused(amount.Meter).shiftedAt(policy.Limits, &change.Window, now, policy.Zone)
		turned = turned || begins
	}
	return changes, turned
}

// becomeDenial turns the changes of an admission into those of a denial.
func (c *Changes) becomeDenial() {
	c.Held = false
	for i, change := range c.Meters {
		c.Meters[i] = MeterChange{Meter: change.Meter, Denied: 1, Day: change.Day, Hour: change.Hour}
	}
}

// refusal is a limit's objection to a charge. The zero refusal means that the limit
// does not object.
type refusal struct {
	code     ration.Code
	wait     time.Duration // until the limit could admit the charge
	passes   bool          // whether waiting helps
	tooLarge bool          // the charge is greater than the whole limit
}

// outweighs reports whether r is the objection to report, of two: the one that lasts
// longer.
func (r refusal) outweighs(other refusal) bool {
	if r.severity() != other.severity() {
		return r.severity() > other.severity()
	}
	return r.wait > other.wait
}

func (r refusal) severity() int {
	switch {
	case r.code == "":
		return 0
	case r.passes:
		return 1
	case r.tooLarge:
		return 3
	}
	return 2
}

// reported returns the code that a client is told.
func (r refusal) reported() ration.Code {
	if r.tooLarge && !r.passes {
		return ration.CodeCostExceedsLimit
	}
	return r.code
}

// consult asks every limit on the charged meters, and completes the decision and the
// changes.
func consult(d *ration.Decision, policy *Policy, usage Usage, changes *Changes) {
	d.Limits = make([]ration.LimitStatus, 0, len(policy.Limits))
	var future *outlook // nil: periods end and rates give back, and that is all
	if policy.mayOpenEarlier() {
		future = outlookOf(policy, usage, changes)
	}
	var worst refusal
	for i := range changes.Meters {
		entry := usage.meterOrUnused(changes.Meters[i].Meter)
		if entry.Used > ration.MaxTotalUnits-changes.Meters[i].Units-entry.Reserved {
			worst = refusal{code: ration.CodeCostExceedsLimit, tooLarge: true}
		}
		clock := policy.rateClock(entry, changes.At)
		for l := range policy.Limits {
			limit := &policy.Limits[l]
			if limit.Meter != changes.Meters[i].Meter {
				continue
			}
			r := refuses(limit, entry, &changes.Meters[i], &clock)
			if r.code != "" && future != nil {
				r = future.lasts(r, changes.Meters, limit.Key())
			}
			if r.outweighs(worst) {
				worst = r
			}
			d.Limits = append(d.Limits, ration.LimitStatus{Limit: *limit, Exceeded: r.code != ""})
		}
	}
	if worst.code != "" {
		d.Code = worst.reported()
		if worst.passes && future != nil {
			at, opens := future.opens(changes.Meters, nil)
			worst.wait, worst.passes = at.Sub(changes.At), opens
		}
		if worst.passes {
			d.RetryAfter = worst.wait
		}
	}
	describe(d, policy, usage, changes)
	if future != nil {
		future.describe(d, changes)
	}
}

// refuses returns a limit's objection to a change.
func refuses(limit *ration.Limit, entry *MeterUsage, change *MeterChange, clock *rateClock) refusal {
	switch {
	case change.Units == 0:
		return refusal{} // an amount of 0 never fails
	case limit.Kind == ration.KindConcurrent:
		return concurrentRefuses(limit, entry)
	case limit.Size() == 0:
		return refusal{code: exceeded(limit)}
	case change.Units > limit.Size():
		return refusal{code: exceeded(limit), tooLarge: true}
	case limit.Kind == ration.KindRate:
		return rateRefuses(limit, change, clock)
	}
	return quotaRefuses(limit, windowOf(limit.Period, entry, change), change.Units, clock.now)
}

// exceeded returns the code of a limit that has no room.
func exceeded(limit *ration.Limit) ration.Code {
	switch limit.Kind {
	case ration.KindRate:
		return ration.CodeRateExceeded
	case ration.KindConcurrent:
		return ration.CodeConcurrencyExceeded
	}
	return ration.CodeQuotaExceeded
}

// rateClock returns the times by which the rates of a meter are read.
func (p *Policy) rateClock(entry *MeterUsage, now time.Time) rateClock {
	clock := rateClock{now: now, last: entry.LastRequestAt, changedAt: p.ChangedAt}
	if clock.last.After(now) {
		clock.last = now
	}
	return clock
}

// describe completes the status of each limit after the decision, and writes the new
// states of rates into the changes.
func describe(d *ration.Decision, policy *Policy, usage Usage, changes *Changes) {
	i := 0
	for m := range changes.Meters {
		change := &changes.Meters[m]
		entry := usage.meterOrUnused(change.Meter)
		units := change.Units
		if d.Code != ration.CodeOK {
			units = 0
		}
		clock := policy.rateClock(entry, changes.At)
		for ; i < len(d.Limits) && d.Limits[i].Meter == change.Meter; i++ {
			status := &d.Limits[i]
			switch status.Kind {
			case ration.KindQuota:
				describeQuota(status, windowOf(status.Period, entry, change), units, changes.Held)
			case ration.KindConcurrent:
				if changes.TakesSlots && units > 0 {
					change.InFlight = 1
				}
				describeConcurrent(status, entry.InFlight+change.InFlight)
			default:
				state := &change.Rates[rateIndex(status.Period)]
				*state = describeRate(status, *state, units, &clock)
			}
		}
	}
}

package faults

import (
	"fmt"
	"time"
)

const (
	// slack is what a busy machine may add to a deadline.
	slack = 2 * time.Second
	// goroutinesPerInstance is the most that a fault may add while it holds. Calls
	// come by thousands meanwhile.
	goroutinesPerInstance = 100
)

// Report is what one cycle showed.
type Report struct {
	Fault    Fault
	Accounts []Account

	Recovered, RecoveredMost time.Duration // from the heal until every instance had decided again
	Administration           error         // of the first operation of each instance after that

	Before, After, Most Census // Most is what After may be
	Peak, PeakMost      int    // goroutines while the fault held
	stacks              string // of the goroutines, when they were too many

	load *load // stopped
}

// Violations says what was not kept.
func (r *Report) Violations() []string {
	found := append(r.answerViolations(), r.effectViolations()...)
	found = append(found, r.recoveryViolations()...)
	for _, a := range r.Accounts {
		found = append(found, a.violations()...)
	}
	if r.Peak > r.PeakMost {
		found = append(found, fmt.Sprintf("%d goroutines while the fault held, more than %d:\n%.4000s", r.Peak, r.PeakMost, r.stacks))
	}
	if r.After.exceeds(r.Most) {
		found = append(found, fmt.Sprintf("resources were not given back: %+v before, %+v after", r.Before, r.After))
	}
	return found
}

// String sums the cycle up.
func (r *Report) String() string {
	b, h := r.load.patient[broken], r.load.patient[healed]
	return fmt.Sprintf("%s: while broken %d decided, %d refused, %d unknown of %d calls in all, slowest %s, %d goroutines at most; decided again after %s; then %d of %d; %+v → %+v",
		r.Fault.Name, b.decided(), b[refused], b[unknown], r.load.all[broken], r.load.slowest[broken].Round(time.Millisecond), r.Peak,
		r.Recovered.Round(time.Millisecond), h.decided(), h.all(), r.Before, r.After)
}

func (r *Report) answerViolations() []string {
	var found []string
	for _, surprise := range r.load.surprises {
		found = append(found, "unexpected answer: "+surprise)
	}
	if r.load.overdue > slack {
		found = append(found, fmt.Sprintf("a caller waited %s longer than it may take", r.load.overdue))
	}
	return found
}

// effectViolations tells a cycle that shows nothing from one that does, too.
func (r *Report) effectViolations() []string {
	b := r.load.patient[broken]
	switch {
	case r.load.all[broken] == 0:
		return []string{"nobody called while the fault held"}
	case r.Fault.Effect == Outage && r.load.impossible > 0:
		return []string{fmt.Sprintf("%d calls were admitted while nothing could be recorded", r.load.impossible)}
	case r.Fault.mustFail() && b.failed() == 0:
		return []string{"the fault had no effect"}
	case r.Fault.Effect == Unnoticed:
		w := r.load.patient[whole] // with those that it caught under way
		if failed, all := b.failed()+w.failed(), b.all()+w.all(); failed*100 > all {
			return []string{fmt.Sprintf("%d of %d calls failed", failed, all)}
		}
	}
	return nil
}

func (r *Report) recoveryViolations() []string {
	if r.Recovered > r.RecoveredMost {
		return []string{fmt.Sprintf("not every instance had decided again %s after the heal", r.RecoveredMost)}
	}
	if r.Administration != nil {
		return []string{fmt.Sprintf("administration after the recovery: %v", r.Administration)}
	}
	if h := r.load.patient[healed]; h.all() == 0 || h.failed()*100 > h.all() {
		return []string{fmt.Sprintf("%d of %d calls failed after the recovery", h.failed(), h.all())}
	}
	return nil
}

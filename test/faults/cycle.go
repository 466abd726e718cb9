package faults

import (
	"context"
	"fmt"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"
)

const (
	callsBefore = 100 // before a fault
	callsBroken = 100 // while it holds, hasty ones included
	callsInARow = 100 // patient ones decided, which are a recovery
	callsAfter  = 300 // patient ones, after the recovery
	giveUp      = time.Minute
)

// Cycle breaks something under load, heals it, and says how it went. Its error is
// the test's own trouble.
func (r *Rig) Cycle(f Fault) (*Report, error) {
	before, err := r.takeCensus()
	if err != nil {
		return nil, err
	}
	l := r.startLoad()
	report := &Report{Fault: f, Before: before, Most: before.plus(r.allowance()), load: l}
	err = r.breakAndHeal(f, report)
	l.stop()
	if f.After != nil {
		f.After(r)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), giveUp)
	defer cancel()
	if report.Accounts, err = r.accounts(ctx); err != nil {
		return nil, err
	}
	within(r.patience, func() bool {
		report.After, err = r.takeCensus()
		return err == nil && !report.After.exceeds(report.Most)
	})
	return report, err
}

func (r *Rig) breakAndHeal(f Fault, report *Report) error {
	l := report.load
	if !within(giveUp, func() bool { return l.decidedIn(whole) >= callsBefore }) {
		return fmt.Errorf("too few calls were decided before the fault; %v", l.surprises)
	}
	if err := f.Break(r); err != nil {
		return err
	}
	l.enter(broken)
	report.PeakMost = report.Before.Goroutines + patientCallers + hastyCallers + goroutinesPerInstance*len(r.instances)
	r.hold(f, report)
	l.enter(healing)
	if err := f.Heal(r); err != nil {
		return err
	}
	start := time.Now()
	within(r.patience, l.recovered)
	report.Recovered, report.RecoveredMost = time.Since(start), r.patience
	report.Administration = r.administer()
	l.enter(healed)
	within(giveUp, func() bool { return l.allIn(healed) >= callsAfter })
	return nil
}

// hold lets the fault hold until its time is over and it has shown its effect.
func (r *Rig) hold(f Fault, report *Report) {
	over := time.Now().Add(f.Hold)
	within(giveUp, func() bool {
		report.countGoroutines()
		return time.Now().After(over) && report.load.shows(f)
	})
}

// countGoroutines notes how many there are, and of the first that are too many,
// where they are.
func (r *Report) countGoroutines() {
	r.Peak = max(r.Peak, runtime.NumGoroutine())
	if r.Peak <= r.PeakMost || r.stacks != "" {
		return
	}
	var stacks strings.Builder
	_ = pprof.Lookup("goroutine").WriteTo(&stacks, 1) // a Builder takes everything
	r.stacks = stacks.String()
}

// shows reports whether enough happened for a fault's effect to be seen.
func (l *load) shows(f Fault) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all[broken] >= callsBroken && (!f.mustFail() || l.patient[broken].failed() > 0)
}

func (l *load) decidedIn(p phase) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.patient[p].decided()
}

func (l *load) allIn(p phase) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.patient[p].all()
}

// recovered reports whether every instance has decided a call that began after
// the heal, and so many calls in a row were decided that no key is left that a
// broken connection still has locked.
func (l *load) recovered() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.streak < callsInARow {
		return false
	}
	for _, n := range l.answers {
		if n == 0 {
			return false
		}
	}
	return true
}

// administer does with every instance what needs its pool, once, and returns the
// first error.
func (r *Rig) administer() error {
	ctx, cancel := context.WithTimeout(context.Background(), giveUp)
	defer cancel()
	for _, i := range r.instances {
		if _, err := newSubjects(ctx, i.store, 1, 0); err != nil {
			return err
		}
	}
	return nil
}

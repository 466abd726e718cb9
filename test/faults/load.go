package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ration-dev/ration"
)

const (
	patientCallers = 8
	hastyCallers   = 16
	patientEvery   = 4 * time.Millisecond
	hastyEvery     = 10 * time.Millisecond
	hastyWait      = 20 * time.Millisecond

	// maxWait is the engine's: a caller who waits longer has been forgotten.
	maxWait = 5 * time.Second
)

// phase is a part of a cycle.
type phase int32

const (
	whole   phase = iota // before the fault
	broken               // it holds
	healing              // it is healed, and not every instance has noticed
	healed
	phases
)

// load is callers that charge until it is stopped: patient ones, who wait for
// every answer, and hasty ones, who give up at once and call again, as clients
// with short timeouts do.
type load struct {
	rig     *Rig
	now     atomic.Int32 // phase
	cancel  context.CancelFunc
	running sync.WaitGroup
	opened  atomic.Int64 // limited keys that are in use

	mu         sync.Mutex
	patient    [phases]tally // by the phase in which a call began
	all        [phases]int64 // of patient and hasty callers
	impossible int64         // admitted although begun and ended while broken
	answers    []int64       // decided for patient callers since the heal, by instance
	streak     int           // decided one after the other for patient callers since the heal
	slowest    [phases]time.Duration
	overdue    time.Duration // the most that a caller waited longer than asked
	surprises  []string      // errors and codes that must not be
}

func (r *Rig) startLoad() *load {
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{rig: r, cancel: cancel, answers: make([]int64, len(r.instances))}
	l.opened.Store(3)
	for range patientCallers {
		l.running.Go(func() { l.repeat(ctx, patientEvery, l.callPatiently) })
	}
	for range hastyCallers {
		l.running.Go(func() { l.repeat(ctx, hastyEvery, l.callHastily) })
	}
	return l
}

func (l *load) stop() {
	l.cancel()
	l.running.Wait()
}

func (l *load) enter(p phase) { l.now.Store(int32(p)) }

// repeat calls at most once per interval, so that callers who are refused at
// once don't take the machine.
func (l *load) repeat(ctx context.Context, every time.Duration, call func()) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for ctx.Err() == nil {
		call()
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

func (l *load) callPatiently() {
	charge, s := l.choose()
	l.call(context.Background(), charge, s, maxWait)
}

func (l *load) callHastily() {
	ctx, cancel := context.WithTimeout(context.Background(), hastyWait)
	defer cancel()
	l.call(ctx, ration.Charge{KeyID: l.rig.hasty.id}, l.rig.hasty, hastyWait)
}

// choose picks whom to charge, and how much.
//
//nolint:gosec // who calls next need not be a secret
func (l *load) choose() (ration.Charge, *subject) {
	switch n := rand.IntN(10); {
	case n < 4:
		return ration.Charge{KeyID: l.rig.hot.id}, l.rig.hot
	case n < 7: // one of the three that were opened last
		s := l.rig.limited[max(0, min(int(l.opened.Load()), len(l.rig.limited))-1-rand.IntN(3))]
		return ration.Charge{KeyID: s.id}, s
	default:
		s := l.rig.cold[rand.IntN(len(l.rig.cold))]
		units := 1 + rand.Int64N(3)
		return ration.Charge{Secret: s.secret, Amounts: []ration.Amount{{Meter: ration.MeterRequests, Units: units}}}, s
	}
}

func (l *load) call(ctx context.Context, charge ration.Charge, s *subject, patience time.Duration) {
	began, start, i := phase(l.now.Load()), time.Now(), rand.IntN(len(l.rig.instances)) //nolint:gosec // as in choose
	decision, err := l.rig.instances[i].engine.Charge(ctx, charge)
	ended, took := phase(l.now.Load()), time.Since(start)

	o, units := outcomeOf(&decision, err), int64(1)
	if len(charge.Amounts) > 0 {
		units = charge.Amounts[0].Units
	}
	s.note(o, units)
	if o == denied {
		l.opened.Add(1)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all[began]++
	l.overdue = max(l.overdue, took-patience)
	if o == admitted && began == broken && ended == broken {
		l.impossible++
	}
	if o == odd && len(l.surprises) < 10 {
		l.surprises = append(l.surprises, fmt.Sprintf("code %q, error %v", decision.Code, err))
	}
	if patience != maxWait {
		return
	}
	l.patient[began][o]++
	l.slowest[began] = max(l.slowest[began], took)
	switch decided := o == admitted || o == denied; {
	case began == healing && decided:
		l.answers[i]++
		l.streak++
	case began == healing:
		l.streak = 0
	}
}

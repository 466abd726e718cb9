package torture

import (
	"fmt"
	"math"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/ration-dev/ration/test/history"
)

// Findings are what Check made of an evidence.
type Findings struct {
	Admitted   int64    // units that must be recorded: admitted, and neither settled for less nor given back
	Unknown    int64    // units that may be recorded, too
	Recorded   int64    // units in the database
	Over       int64    // units beyond a limit
	Ordered    int      // histories for which an order was found
	Undecided  int      // histories for which nobody knows whether there is one
	Violations []string // of promises, each with its key
}

// searchTime bounds the search for an order of one history.
const searchTime = 20 * time.Second

// mostExplained is how many violations are worth a long explanation.
const mostExplained = 3

// Check judges an evidence: what is recorded against what was told and what the upstream
// saw, and each key's answers against one exact count in one order.
func Check(e *Evidence) *Findings {
	f := &Findings{}
	for _, s := range e.Subjects {
		if s.Lost {
			f.add(s, "it was created, and is not there")
		}
		f.checkSums(s, e)
		f.checkCalls(s)
		f.checkPeriods(s, e)
		f.checkDays(s, e)
		switch s.Class {
		case Counter:
			f.checkCounter(s)
		case Daily:
			f.checkDaily(s, e)
		case Register:
			f.checkRegister(s)
		}
	}
	return f
}

func (f *Findings) add(s *Subject, format string, args ...any) {
	f.Violations = append(f.Violations, "key "+s.Key+": "+fmt.Sprintf(format, args...))
}

// checkSums: admitted ≤ recorded ≤ admitted + unknown, net of what was given back, and no
// count differs from another.
func (f *Findings) checkSums(s *Subject, e *Evidence) {
	least, most := e.bounds(s)
	least, most = least+s.Kept, most+s.Kept
	recorded := s.Recorded + s.Held
	f.Admitted, f.Unknown, f.Recorded = f.Admitted+least, f.Unknown+most-least, f.Recorded+recorded
	if s.Recorded != s.Counted {
		f.add(s, "its days have %d units and the key has used %d", s.Recorded, s.Counted)
	}
	if failed := unitsOf(s.Operations, Fail); s.Kept > failed {
		f.add(s, "%d units of failing calls are recorded, which cost %d", s.Kept, failed)
	}
	switch {
	case recorded < least:
		f.add(s, "%d were admitted and only %d are recorded", least, recorded)
	case recorded > most:
		f.add(s, "%d are recorded; %d were admitted and %d are unknown", recorded, least, most-least)
	}
	if over := recorded - s.Limit; over > 0 && s.Class != Register && s.Class != Daily { // the limit of one was changed, and that of the other is for each day
		f.Over += over
		f.add(s, "%d are recorded, %d over the limit of %d", recorded, over, s.Limit)
	}
	for i := range s.Operations {
		op := &s.Operations[i]
		if over := op.Standing - op.Limit; op.Outcome == Done && op.Limit > 0 && over > 0 && op.Kind != Read {
			f.Over += over
			f.add(s, "a charge was admitted as unit %d of %d", op.Standing, op.Limit)
		}
	}
}

// checkCalls: what the upstream saw was let through, once each.
func (f *Findings) checkCalls(s *Subject) {
	var calls, unknown int64
	for i := range s.Operations {
		op := &s.Operations[i]
		switch {
		case op.Kind != Call && op.Kind != Fail:
		case op.Outcome == Done:
			calls++
		case op.Outcome == Unknown:
			unknown++
		}
	}
	if s.Seen < calls || s.Seen > calls+unknown {
		f.add(s, "the upstream saw %d calls; %d were admitted and %d are unknown", s.Seen, calls, unknown)
	}
	if s.Class == Proxied && s.Seen > s.Recorded {
		f.add(s, "the upstream saw %d calls and %d are recorded", s.Seen, s.Recorded)
	}
}

// checkPeriods: the database's clock says whether a period is over, or has begun, not the
// instance's.
func (f *Findings) checkPeriods(s *Subject, e *Evidence) {
	for i := range s.Operations {
		op := &s.Operations[i]
		if op.Outcome != Done || op.Period == 0 || op.Replayed || op.Kind == Read || op.Kind == GiveBack {
			continue
		}
		earliest := e.earliest(op.Called, op.Returned)
		if end := time.Unix(op.Period, 0); earliest.After(end) {
			f.add(s, "it was charged in a period that was over: at %s or later by the database's clock, and it ended at %s", earliest, end)
		}
		latest := e.latest(op.Returned)
		if begin := time.Unix(op.Period-day, 0); begin.After(latest) {
			f.add(s, "it was charged in a period that had not begun: at %s or earlier by the database's clock, and it began at %s", latest, begin)
		}
	}
}

// offset returns the least that the database's clock was ahead of the machine's within a
// time.
func (e *Evidence) offset(from, to time.Duration) time.Duration {
	var now time.Duration
	least := time.Duration(math.MaxInt64)
	for _, step := range e.Steps {
		if step.At > to {
			break
		}
		if step.Done >= from {
			least = min(least, now)
		}
		now = step.Offset
	}
	return min(least, now)
}

// wasAhead reports whether the database's clock was ahead of what it is in the end when
// something was called, or soon after.
func (e *Evidence) wasAhead(op *Operation) bool {
	if len(e.Steps) == 0 {
		return false
	}
	ahead := time.Duration(math.MinInt64)
	for _, step := range e.Steps {
		if step.At > op.Called+2*patience {
			break
		}
		if step.Done >= op.Called {
			ahead = max(ahead, step.Offset)
		}
		if step.Done < op.Called {
			ahead = step.Offset
		}
	}
	return ahead > e.Steps[len(e.Steps)-1].Offset
}

// checkCounter takes time in proportion to the length of the history.
func (f *Findings) checkCounter(s *Subject) {
	operations := make([]history.Operation, len(s.Operations))
	for i := range s.Operations {
		operations[i] = told(&s.Operations[i])
	}
	if err := history.Check(operations, s.Limit, s.Recorded); err != nil {
		f.add(s, "%v", err)
		return
	}
	f.Ordered++
}

// told says what a charge of one unit was told.
func told(op *Operation) history.Operation {
	outcomes := map[Outcome]history.Outcome{Done: history.Admitted, Denied: history.Denied, Unknown: history.Unknown, Nothing: history.Failed}
	return history.Operation{Called: op.Called, Returned: op.Returned, Outcome: outcomes[op.Outcome], Used: op.Standing}
}

// checkRegister searches for an order in which all answers are right.
func (f *Findings) checkRegister(s *Subject) {
	switch result, stuck := linearizable(s, searchTime, len(f.Violations) < mostExplained); result {
	case porcupine.Illegal:
		f.add(s, "no order of its %d operations explains all answers and what is recorded: %s", len(s.Operations), stuck)
	case porcupine.Unknown:
		f.Undecided++
	default:
		f.Ordered++
	}
}

// unitsOf adds up what may have been charged by operations of one kind.
func unitsOf(operations []Operation, kind Kind) (units int64) {
	for i := range operations {
		if op := &operations[i]; op.Kind == kind && (op.Outcome == Done || op.Outcome == Unknown) {
			units += op.Units
		}
	}
	return units
}

// bounds returns the least and the most that a key's operations may leave as used or
// reserved, apart from failing calls.
func (e *Evidence) bounds(s *Subject) (least, most int64) {
	for _, charge := range e.effects(s) {
		l, m := charge.bounds()
		least, most = least+l, most+m
	}
	return least, most
}

// effects returns what each charge of a key may leave, apart from failing calls.
func (e *Evidence) effects(s *Subject) (effects []*effect) {
	charges := make(map[string]*effect)
	for i := range s.Operations {
		op := &s.Operations[i]
		switch op.Kind {
		case Charge, Call, Reserve:
			id := op.ID
			if id == "" {
				id = fmt.Sprint("#", i)
			}
			if charges[id] == nil {
				charges[id] = &effect{units: op.Units}
				if op.Kind == Reserve {
					charges[id].hold = e.holdOf(op)
				}
				effects = append(effects, charges[id])
			}
			switch {
			case op.Outcome == Done && !op.Replayed:
				charges[id].dates = e.dates(s, op)
			case op.Outcome == Unknown && !charges[id].sure:
				charges[id].dates = charges[id].dates.join(e.dates(s, op))
			}
			charges[id].sure = charges[id].sure || op.Outcome == Done
			charges[id].maybe = charges[id].maybe || op.Outcome == Unknown
		}
	}
	for i := range s.Operations {
		op := &s.Operations[i]
		if charge := charges[op.ID]; charge != nil {
			charge.become(op, e.wasAhead(op))
		}
	}
	return effects
}

// effect is what one charge may leave.
type effect struct {
	units       int64
	dates       dates // to one of which it went
	hold        holding
	sure, maybe bool    // it was charged; it may have been
	expired     bool    // and so gave back what it held, if nothing else became of it
	released    bool    // it gives back what it held, if it expires
	surely      *int64  // what it left in the end
	perhaps     []int64 // what it may have left
}

// become takes in what became of the charge.
func (e *effect) become(op *Operation, wasAhead bool) {
	switch {
	case op.Kind == Expire && wasAhead: // it may not have expired yet, by a clock that was set right
		e.perhaps, e.released = append(e.perhaps, 0), true
	case op.Kind == Expire:
		e.expired, e.released = true, true
	case op.Kind != Settle && op.Kind != Void: // a void has 0 units
	case op.Outcome == Unknown:
		e.perhaps = append(e.perhaps, op.Units)
	case op.Outcome == Done:
		e.surely, e.sure = &op.Units, true
	}
}

// used returns the least and the most that a charge leaves as used: bounds, without what a
// reservation still holds.
func (e *effect) used() (least, most int64) {
	if e.hold == "" || e.surely != nil || !e.sure && !e.maybe {
		return e.bounds()
	}
	switch {
	case e.hold == expires && !e.released:
		least, most = e.units, e.units
	case e.hold == mayExpire && !e.released:
		most = e.units
	}
	for _, left := range e.perhaps {
		least, most = min(least, left), max(most, left)
	}
	if !e.sure {
		least = 0
	}
	return least, most
}

// holding says how long a reservation holds its units, if nothing ends it.
type holding string

const (
	holds     holding = "holds" // for longer than the run
	expires   holding = "expires"
	mayExpire holding = "may expire" // for the clock was set back
)

func (e *Evidence) holdOf(op *Operation) holding {
	switch {
	case !op.Expires:
		return holds
	case e.wasAhead(op):
		return mayExpire
	}
	return expires
}

func (e *effect) bounds() (least, most int64) {
	switch {
	case e.surely != nil:
		return *e.surely, *e.surely
	case !e.sure && !e.maybe:
		return 0, 0
	}
	least, most = e.units, e.units
	if e.expired {
		least, most = 0, 0
	}
	for _, left := range e.perhaps {
		least, most = min(least, left), max(most, left)
	}
	if !e.sure {
		least = 0
	}
	return least, most
}

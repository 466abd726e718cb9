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

// The search for an order of one history is bounded, and done again for longer for a few.
const (
	searchTime     = 20 * time.Second
	longSearchTime = 3 * time.Minute
	mostSearched   = 5
)

// mostExplained is how many violations are worth a long explanation.
const mostExplained = 3

// Check judges an evidence: what is recorded against what was told and what the upstream
// saw, and each key's answers against one exact count in one order.
func Check(e *Evidence) *Findings {
	f := &Findings{}
	var undecided []*Subject
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
			if !f.checkRegister(s, searchTime) {
				undecided = append(undecided, s)
			}
		}
	}
	for i, s := range undecided {
		if i >= mostSearched || !f.checkRegister(s, longSearchTime) {
			f.Undecided++
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

// checkRegister searches for an order in which all answers are right, and returns false if
// it did not find out whether there is one.
func (f *Findings) checkRegister(s *Subject, patience time.Duration) bool {
	switch result, stuck := linearizable(s, patience, len(f.Violations) < mostExplained); result {
	case porcupine.Illegal:
		f.add(s, "no order of its %d operations explains all answers and what is recorded: %s", len(s.Operations), stuck)
	case porcupine.Unknown:
		return false
	default:
		f.Ordered++
	}
	return true
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

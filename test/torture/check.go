package torture

import (
	"fmt"

	"github.com/ration-dev/ration/test/history"
)

// Findings are what Check made of an evidence.
type Findings struct {
	Admitted   int64    // units that clients were told were let through
	Unknown    int64    // units of charges whose answer was lost
	Recorded   int64    // units in the database
	Over       int64    // units beyond a limit
	Violations []string // of promises, each with its key
}

// Check judges an evidence: what is recorded against what was told and what the upstream
// saw, and each key's history against one exact count in one order.
func Check(e *Evidence) *Findings {
	f := &Findings{}
	for _, s := range e.Subjects {
		f.checkSums(s)
		f.checkOrder(s)
	}
	return f
}

func (f *Findings) add(s *Subject, format string, args ...any) {
	f.Violations = append(f.Violations, "key "+s.Key+": "+fmt.Sprintf(format, args...))
}

// checkSums: admitted ≤ recorded ≤ admitted + unknown, recorded ≤ limit, and nothing
// reached the upstream that was not recorded.
func (f *Findings) checkSums(s *Subject) {
	var admitted, unknown, calls, lostCalls int64
	for i := range s.Operations {
		switch op := &s.Operations[i]; op.Outcome {
		case Done:
			admitted += op.Units
			if op.Kind == Call {
				calls++
			}
		case Unknown:
			unknown += op.Units
			if op.Kind == Call {
				lostCalls++
			}
		}
	}
	over := max(0, s.Recorded-s.Limit)
	f.Admitted, f.Unknown, f.Recorded, f.Over = f.Admitted+admitted, f.Unknown+unknown, f.Recorded+s.Recorded, f.Over+over
	switch {
	case s.Recorded < admitted:
		f.add(s, "%d were admitted and only %d are recorded", admitted, s.Recorded)
	case s.Recorded > admitted+unknown:
		f.add(s, "%d are recorded; %d were admitted and %d are unknown", s.Recorded, admitted, unknown)
	}
	if over > 0 {
		f.add(s, "%d are recorded, %d over the limit of %d", s.Recorded, over, s.Limit)
	}
	if s.Seen < calls || s.Seen > calls+lostCalls || s.Seen > s.Recorded {
		f.add(s, "the upstream saw %d calls; %d were admitted, %d are unknown and %d units are recorded", s.Seen, calls, lostCalls, s.Recorded)
	}
}

// checkOrder holds charges of one unit each against a counter.
func (f *Findings) checkOrder(s *Subject) {
	operations := make([]history.Operation, 0, len(s.Operations))
	for i := range s.Operations {
		op := &s.Operations[i]
		if op.Units != 1 || op.Kind != Charge { // or the answer says nothing of the count
			return
		}
		told := map[Outcome]history.Outcome{Done: history.Admitted, Denied: history.Denied, Unknown: history.Unknown, Nothing: history.Failed}
		operations = append(operations, history.Operation{Called: op.Called, Returned: op.Returned, Outcome: told[op.Outcome], Used: op.Standing})
	}
	if err := history.Check(operations, s.Limit, s.Recorded); err != nil {
		f.add(s, "%v", err)
	}
}

package torture

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/ration-dev/ration/test/history"
)

// dates are the days to which a charge may have gone: from the first to the last.
type dates struct{ first, last string }

func (d dates) have(date string) bool { return d.first <= date && date <= d.last }

// join returns the days of either; the zero value has none.
func (d dates) join(other dates) dates {
	if d == (dates{}) {
		return other
	}
	return dates{min(d.first, other.first), max(d.last, other.last)}
}

// dates returns the days to which an operation may have charged. The answer says it, where
// the key's limit is for each day. Otherwise it is a day that the database's clock showed
// between call and return. One that it has shown before is not begun again, so if it was
// ahead earlier, it may also be the day that it showed then.
func (e *Evidence) dates(s *Subject, op *Operation) dates {
	if s.Calendar && op.Outcome == Done && !op.Replayed && op.Period > 0 {
		date := s.date(time.Unix(op.Period-1, 0))
		return dates{date, date}
	}
	returned := op.Returned
	if op.Outcome == Unknown { // its effect may have come until the end
		returned = max(returned, e.Ended)
	}
	return e.shown(s, op.Called, returned)
}

// shown returns the days that the key may have been in between two times.
func (e *Evidence) shown(s *Subject, from, to time.Duration) dates {
	return dates{s.date(e.earliest(from, to)), s.date(e.latest(to))}
}

// earliest returns the earliest time that the database's clock showed between two times, and
// latest the latest that it had shown until some time.
func (e *Evidence) earliest(from, to time.Duration) time.Time {
	return e.Started.Add(from + e.offset(from, to))
}

func (e *Evidence) latest(until time.Duration) time.Time {
	return e.Started.Add(until + e.mostAhead(until))
}

// mostAhead returns the most that the database's clock was ahead of the machine's until
// some time; 0 if it never was.
func (e *Evidence) mostAhead(until time.Duration) (most time.Duration) {
	for _, step := range e.Steps {
		if step.At <= until {
			most = max(most, step.Offset)
		}
	}
	return most
}

// checkDays: each day of the history has what was admitted on it, less what was given back
// or settled for less, whenever that came, and nothing of another day.
func (f *Findings) checkDays(s *Subject, e *Evidence) {
	effects, agree := e.effects(s), e.metersAgree(s)
	for date, recorded := range s.allDays(effects) {
		var least, most, failed int64
		for _, charge := range effects {
			if !charge.dates.have(date) {
				continue
			}
			l, m := charge.used()
			most += m
			if charge.dates.first == charge.dates.last {
				least += l
			}
		}
		for i := range s.Operations {
			if op := &s.Operations[i]; op.Kind == Fail && (op.Outcome == Done || op.Outcome == Unknown) && e.dates(s, op).have(date) {
				failed += op.Units
			}
		}
		charged := recorded.Used - recorded.Kept
		switch {
		case !agree: // nobody knows on which day what was kept of failing calls counts as requests
			charged, most = recorded.Used, most+failed
		case recorded.Kept < 0 || recorded.Kept > failed:
			f.add(s, "%s has %d units of failing calls, which cost %d on that day", date, recorded.Kept, failed)
		}
		switch {
		case charged < least:
			f.add(s, "on %s %d were admitted and only %d are recorded for that day", date, least, charged)
		case charged > most:
			f.add(s, "%d are recorded for %s; at most %d were admitted on that day", charged, date, most)
		}
	}
}

// metersAgree reports whether both meters of each failing call counted it on the same day.
// A meter counts on in a day that it has begun when the database's clock was ahead, and one
// that is new begins the day that the clock shows.
func (e *Evidence) metersAgree(s *Subject) bool {
	for i := range s.Operations {
		op := &s.Operations[i]
		returned := op.Returned
		if op.Outcome == Unknown {
			returned = max(returned, e.Ended)
		}
		if op.Kind == Fail && s.date(e.latest(op.Called)) > s.date(e.earliest(op.Called, returned)) {
			return false
		}
	}
	return true
}

// allDays returns the days of the history, and those to which something was charged.
func (s *Subject) allDays(effects []*effect) map[string]Day {
	days := make(map[string]Day)
	for _, charge := range effects {
		if charge.dates != (dates{}) {
			days[charge.dates.first], days[charge.dates.last] = Day{}, Day{}
		}
	}
	for _, recorded := range s.Days {
		days[recorded.Date] = recorded
	}
	return days
}

// checkDaily holds each day of a key that is charged throughout to its limit, in time in
// proportion to the length of the history. A day that has begun is never charged before.
func (f *Findings) checkDaily(s *Subject, e *Evidence) {
	found := len(f.Violations)
	periods := make(map[int64]bool)
	for i := range s.Operations {
		if op := &s.Operations[i]; op.Period > 0 {
			periods[op.Period] = true
		}
	}
	for end := range periods {
		date := s.date(time.Unix(end-1, 0))
		var recorded Day
		for _, day := range s.Days {
			if day.Date == date {
				recorded = day
			}
		}
		if over := recorded.Used - s.Limit; over > 0 {
			f.Over += over
		}
		if err := history.Check(e.ofDay(s, end, date), s.Limit, recorded.Used); err != nil {
			f.add(s, "on %s: %v", date, err)
		}
	}
	f.checkTurns(s)
	if len(f.Violations) == found {
		f.Ordered++
	}
}

// ofDay returns what was done on one day, and what may have been.
func (e *Evidence) ofDay(s *Subject, end int64, date string) (operations []history.Operation) {
	for i := range s.Operations {
		op := &s.Operations[i]
		if op.Period == end || op.Period == 0 && e.dates(s, op).have(date) {
			operations = append(operations, told(op))
		}
	}
	return operations
}

// checkTurns: whoever calls after another was told of a day is not told of an earlier one.
func (f *Findings) checkTurns(s *Subject) {
	calls, returns := inTurn(s.Operations)
	latest := int64(0)
	for _, op := range calls {
		for len(returns) > 0 && returns[0].Returned < op.Called {
			latest = max(latest, returns[0].Period)
			returns = returns[1:]
		}
		if op.Period < latest {
			f.add(s, "a charge went to the day that ends at %s after one had gone to that which ends at %s", clock(op.Period), clock(latest))
		}
	}
}

// inTurn returns the operations that were told of a day, by call and by return.
func inTurn(operations []Operation) (calls, returns []*Operation) {
	for i := range operations {
		if op := &operations[i]; op.Period > 0 && op.Kind != Read {
			calls = append(calls, op)
		}
	}
	returns = slices.Clone(calls)
	slices.SortFunc(calls, func(a, b *Operation) int { return cmp.Compare(a.Called, b.Called) })
	slices.SortFunc(returns, func(a, b *Operation) int { return cmp.Compare(a.Returned, b.Returned) })
	return calls, returns
}

func clock(at int64) string { return fmt.Sprint(time.Unix(at, 0).UTC()) }

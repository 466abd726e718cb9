package torture_test

import (
	"testing"
	"time"

	"github.com/ration-dev/ration/test/torture"
)

// midnight is 10 seconds after the start of the history that lies are told about, in Tehran.
var midnight = time.Date(2026, 11, 30, 20, 30, 0, 0, time.UTC)

// The ends of the days before and after it.
var today, tomorrow = midnight.Unix(), midnight.Unix() + 24*60*60

// at makes what was called at a time, in seconds, and took 100 ms.
func at(seconds float64, op torture.Operation) torture.Operation {
	op.Called = time.Duration(seconds * float64(time.Second))
	if op.Returned == 0 {
		op.Returned = 100 * time.Millisecond
	}
	op.Returned += op.Called
	if op.Outcome == "" {
		op.Outcome = torture.Done
	}
	return op
}

// charged is an admitted charge of one unit, and told is what anything else was told.
func charged(standing, limit, period int64) torture.Operation {
	return told(torture.Charge, 1, "", standing, limit, period)
}

func told(kind torture.Kind, units int64, id string, standing, limit, period int64) torture.Operation {
	return torture.Operation{Kind: kind, Units: units, ID: id, Standing: standing, Limit: limit, Period: period}
}

func denied(limit, period int64) torture.Operation {
	return torture.Operation{Kind: torture.Charge, Units: 1, Outcome: torture.Denied, Code: "quota_exceeded", Standing: limit, Limit: limit, Period: period}
}

// night is a history over a midnight, and its keys.
type night struct {
	*torture.Evidence
	daily    *torture.Subject // has a limit for each day, and reaches that of the first
	register *torture.Subject // has a limit for each day; reservations and a call go on over midnight
	counter  *torture.Subject // has one for all time
}

func newNight() *night {
	n := &night{
		daily: &torture.Subject{
			Key: "daily", Class: torture.Daily, Calendar: true, Limit: 3, Recorded: 5, Counted: 5, Days: []torture.Day{{Date: "2026-11-30", Used: 3}, {Date: "2026-12-01", Used: 2}},
			Operations: []torture.Operation{
				at(1, charged(1, 3, today)), at(2, charged(2, 3, today)), at(3, charged(3, 3, today)), at(4, denied(3, today)), at(9.8, denied(3, today)),
				at(10.1, charged(1, 3, tomorrow)), at(12, charged(2, 3, tomorrow)),
			},
		},
		register: &torture.Subject{
			Key: "register", Class: torture.Register, Calendar: true, Limit: 20, Recorded: 7, Counted: 7, Held: 4, Seen: 1, Days: []torture.Day{{Date: "2026-11-30", Used: 4}, {Date: "2026-12-01", Used: 3}},
			Operations: []torture.Operation{
				at(1, told(torture.Charge, 2, "", 2, 20, today)),
				at(2, told(torture.Reserve, 5, "settled", 7, 20, today)), at(3, told(torture.Reserve, 3, "voided", 10, 20, today)), at(4, told(torture.Reserve, 4, "open", 14, 20, today)),
				at(9.8, lasting(400*time.Millisecond, told(torture.Fail, 3, "failed", -1, 0, today))), at(9.8, lasting(400*time.Millisecond, told(torture.GiveBack, 3, "failed", 14, 20, today))),
				at(11, told(torture.Charge, 1, "", 1, 20, tomorrow)),
				at(12, told(torture.Settle, 2, "settled", -1, 0, 0)), at(13, told(torture.Void, 0, "voided", -1, 0, 0)),
				at(14, told(torture.Charge, 2, "", 3, 20, tomorrow)), at(15, told(torture.Read, 0, "", 3, 20, tomorrow)),
			},
		},
		counter: &torture.Subject{
			Key: "counter", Class: torture.Counter, Limit: 9, Recorded: 4, Counted: 4, Days: []torture.Day{{Date: "2026-11-30", Used: 2}, {Date: "2026-12-01", Used: 2}},
			Operations: []torture.Operation{at(1, charged(1, 9, 0)), at(9, charged(2, 9, 0)), at(11, charged(3, 9, 0)), at(12, charged(4, 9, 0))},
		},
	}
	n.Evidence = &torture.Evidence{Started: midnight.Add(-10 * time.Second), Ended: 15 * time.Second, Subjects: []*torture.Subject{n.daily, n.register, n.counter}}
	for _, s := range n.Subjects {
		s.Zone = "Asia/Tehran"
	}
	return n
}

func lasting(d time.Duration, op torture.Operation) torture.Operation {
	op.Returned = d
	return op
}

// move counts units of the first day to the second, so that all sums stay as they are.
func move(s *torture.Subject, units int64) {
	s.Days[0].Used, s.Days[1].Used = s.Days[0].Used-units, s.Days[1].Used+units
}

// goBack has the clock be ahead for two charges of the key with a limit for each day, and
// right for the last; used is what its days have then.
func (n *night) goBack(last torture.Operation, used ...int64) {
	n.Steps = []torture.Step{{At: time.Second / 2, Done: time.Second / 2, Offset: 20 * time.Second}, {At: 5 * time.Second / 2, Done: 5 * time.Second / 2}}
	n.daily.Operations = []torture.Operation{at(1, charged(1, 3, tomorrow)), at(2, charged(2, 3, tomorrow)), last}
	n.daily.Recorded, n.daily.Counted, n.daily.Days[0].Used, n.daily.Days[1].Used = 3, 3, used[0], used[1]
	n.Subjects = []*torture.Subject{n.daily}
}

// withLast returns the last operation of a kind.
func withLast(s *torture.Subject, kind torture.Kind) (found *torture.Operation) {
	for i := range s.Operations {
		if s.Operations[i].Kind == kind {
			found = &s.Operations[i]
		}
	}
	return found
}

// TestTruthOfANightPasses lets all that is true pass, and what may be.
func TestTruthOfANightPasses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*night){
		"all answers came": func(*night) {},
		"an answer got lost at midnight, and the charge is of the day before": func(n *night) {
			lost := at(9.95, torture.Operation{Kind: torture.Charge, Units: 1, Outcome: torture.Unknown, Standing: -1})
			n.counter.Operations[1] = lost
		},
		"or of the day after": func(n *night) {
			lost := at(9.95, torture.Operation{Kind: torture.Charge, Units: 1, Outcome: torture.Unknown, Standing: -1})
			n.counter.Operations[1] = lost
			move(n.counter, 1)
		},
		"the clock was ahead": func(n *night) { // until the third charge
			n.Steps = []torture.Step{{Offset: 20 * time.Second}, {At: 11200 * time.Millisecond, Done: 11300 * time.Millisecond}}
			n.Subjects = []*torture.Subject{n.counter}
			move(n.counter, 2)
		},
		"the clock went back over midnight, and no day did": func(n *night) { n.goBack(at(3, charged(3, 3, tomorrow)), 0, 3) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNight()
			change(n)
			if found := torture.Check(n.Evidence); len(found.Violations) > 0 || found.Undecided > 0 || found.Ordered < len(n.Subjects) {
				t.Errorf("%d of %d keys are explained: %q", found.Ordered, len(n.Subjects), found.Violations)
			}
		})
	}
}

// TestLiesAboutANightAreNoticed changes to which day something went.
func TestLiesAboutANightAreNoticed(t *testing.T) {
	t.Parallel()
	for name, lie := range map[string]func(*night){
		"a charge was counted to the next day":                                    func(n *night) { move(n.daily, 1) },
		"a charge was counted to the day before":                                  func(n *night) { move(n.daily, -1) },
		"a charge was counted to the next day, among everything":                  func(n *night) { move(n.register, 1) },
		"a charge was counted to the day before, among everything":                func(n *night) { move(n.register, -1) },
		"a charge was counted to the next day, where the limit is for all time":   func(n *night) { move(n.counter, 1) },
		"a charge was counted to the day before, where the limit is for all time": func(n *night) { move(n.counter, -1) },
		"what a reservation held was counted to the next day":                     func(n *night) { move(n.register, 2) },
		"what is still reserved counts as used":                                   func(n *night) { n.register.Days[0].Used += 4 },
		"a day got lost, and its charges are on the next":                         func(n *night) { move(n.daily, 3); n.daily.Days = n.daily.Days[1:] },
		"charges are recorded for a day that never was":                           func(n *night) { n.daily.Days[1].Date = "2026-12-02" },
		"a charge was told of the next day":                                       func(n *night) { n.daily.Operations[1].Period = tomorrow },
		"a charge was told of the day before":                                     func(n *night) { n.daily.Operations[6].Period = today },
		"a denial was told of the next day":                                       func(n *night) { n.daily.Operations[4].Period = tomorrow },
		"a charge began the next day before midnight, and was counted to it":      func(n *night) { n.daily.Operations[2].Period = tomorrow; move(n.daily, 1) },
		"the limit of the day before went on to hold":                             func(n *night) { n.daily.Operations[5] = at(10.1, denied(3, tomorrow)) },
		"the day before went on": func(n *night) {
			n.daily.Operations[5] = at(10.1, denied(3, today))
			n.daily.Days[1].Used--
			n.daily.Recorded--
			n.daily.Counted--
		},
		"the count went on over midnight": func(n *night) { n.daily.Operations[6].Standing = 3 },
		"a day was charged beyond its limit": func(n *night) {
			n.daily.Operations[4] = at(9.8, charged(4, 3, today))
			n.daily.Days[0].Used++
			n.daily.Recorded++
			n.daily.Counted++
		},
		"a day is recorded beyond its limit":                                          func(n *night) { n.daily.Days[0].Used++; n.daily.Recorded++; n.daily.Counted++ },
		"a settlement went to the day on which it came":                               func(n *night) { move(n.register, 2); withLast(n.register, torture.Read).Standing += 2 },
		"a settlement went to the count of the present day, and to the right history": func(n *night) { withLast(n.register, torture.Read).Standing += 2 },
		"what was settled for less was taken off the present day": func(n *night) {
			withLast(n.register, torture.Read).Standing = 0
		},
		"a void was taken off the present day": func(n *night) { withLast(n.register, torture.Read).Standing -= 3 },
		"a refund was taken off the day on which it came": func(n *night) {
			n.register.Days[0].Used, n.register.Days[0].Kept, n.register.Days[1].Used, n.register.Kept = 7, 3, 0, 3
		},
		"a refund was taken off the count of the present day": func(n *night) { withLast(n.register, torture.Read).Standing = 0 },
		"a refund was made twice, once on each day": func(n *night) {
			n.register.Days[1].Used, n.register.Recorded, n.register.Counted = 0, 4, 4
		},
		"a failing call was kept on a day on which none was made": func(n *night) {
			n.register.Days[1].Used, n.register.Days[1].Kept, n.register.Kept, n.register.Recorded, n.register.Counted = 6, 3, 3, 10, 10
		},
		"the day before was charged again once the clock had gone back": func(n *night) { n.goBack(at(3, charged(1, 3, today)), 1, 2) },
		"the next day was charged before it began": func(n *night) {
			n.register.Operations = []torture.Operation{at(1, told(torture.Charge, 2, "", 2, 20, tomorrow)), at(15, told(torture.Read, 0, "", 2, 20, tomorrow))}
			n.register.Days, n.register.Recorded, n.register.Counted = []torture.Day{{Date: "2026-12-01", Used: 2}}, 2, 2
			n.register.Held, n.register.Seen = 0, 0
		},
		"the next day was charged before the clock was ahead": func(n *night) {
			n.Steps = []torture.Step{{At: 11 * time.Second, Done: 11 * time.Second, Offset: 20 * time.Second}}
			n.Subjects = []*torture.Subject{n.counter}
			move(n.counter, 2)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNight()
			lie(n)
			if found := torture.Check(n.Evidence); len(found.Violations) == 0 {
				t.Error("nobody noticed")
			}
		})
	}
}

package torture_test

import (
	"cmp"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ration-dev/ration/test/torture"
)

var update = flag.Bool("update", false, "record anew what lies are told about")

// recorded is what a short run has found out: some of its keys, with few operations each.
const recorded = "testdata/evidence.json.gz"

// TestRecordEvidence makes it, when asked to.
func TestRecordEvidence(t *testing.T) {
	if !*update {
		t.Skip("-update records anew")
	}
	evidence := torture.Run(t, torture.Options{Store: torture.Postgres, Seed: 7, Duration: 12 * time.Second, Faults: []string{torture.Kill}}).Evidence
	size := func(a, b *torture.Subject) int { return cmp.Compare(len(a.Operations), len(b.Operations)) }
	slices.SortStableFunc(evidence.Subjects, size)
	kept, most := evidence.Subjects[:0], map[torture.Class]int{torture.Counter: 4, torture.Register: 8, torture.Proxied: 1}
	for _, s := range evidence.Subjects {
		denies := slices.ContainsFunc(s.Operations, func(op torture.Operation) bool { return op.Outcome == torture.Denied })
		if most[s.Class] > 0 && len(s.Operations) > 40 && (denies || s.Class != torture.Counter) {
			most[s.Class]--
			kept = append(kept, s)
		}
	}
	evidence.Subjects = kept
	if err := evidence.Write(recorded); err != nil {
		t.Fatal(err)
	}
}

// read returns the evidence, for a lie to change it.
func read(t *testing.T) *torture.Evidence {
	t.Helper()
	evidence, err := torture.ReadEvidence(recorded)
	if err != nil {
		t.Fatal(err)
	}
	return evidence
}

// one returns the first operation that fits, and its key.
func one(t *testing.T, e *torture.Evidence, fits func(*torture.Subject, *torture.Operation) bool) (*torture.Subject, *torture.Operation) {
	t.Helper()
	for _, s := range e.Subjects {
		for i := range s.Operations {
			if fits(s, &s.Operations[i]) {
				return s, &s.Operations[i]
			}
		}
	}
	t.Fatal("no operation fits: record a history that has one, with -update")
	return nil, nil
}

// done fits operations of a kind that were done on a key of a class.
func done(class torture.Class, kind torture.Kind) func(*torture.Subject, *torture.Operation) bool {
	return func(s *torture.Subject, op *torture.Operation) bool {
		return s.Class == class && op.Kind == kind && op.Outcome == torture.Done && !op.Replayed
	}
}

// after fits operations that were called after another had returned.
func after(s *torture.Subject, earlier *torture.Operation, kind torture.Kind, outcome torture.Outcome) func(*torture.Subject, *torture.Operation) bool {
	return func(other *torture.Subject, op *torture.Operation) bool {
		return other == s && op.Called > earlier.Returned && op.Kind == kind && op.Outcome == outcome && !op.Replayed && op.ID == ""
	}
}

// record changes what is recorded of a key, everywhere alike.
func record(s *torture.Subject, units int64) {
	s.Recorded, s.Counted = s.Recorded+units, s.Counted+units
	if last := &s.Operations[len(s.Operations)-1]; last.Kind == torture.Read {
		last.Standing += units
	}
}

func TestTruthPasses(t *testing.T) {
	t.Parallel()
	evidence := read(t)
	if found := torture.Check(evidence); len(found.Violations) > 0 || found.Undecided > 0 || found.Ordered < len(evidence.Subjects)-1 {
		t.Errorf("of %d keys %d are explained, and %d undecided: %q", len(evidence.Subjects), found.Ordered, found.Undecided, found.Violations)
	}
}

// TestLiesAreNoticed changes one thing in what a run has found out.
func TestLiesAreNoticed(t *testing.T) {
	t.Parallel()
	counter, register := done(torture.Counter, torture.Charge), done(torture.Register, torture.Charge)
	for name, lie := range map[string]func(*testing.T, *torture.Evidence){
		"an admission is not recorded": func(t *testing.T, e *torture.Evidence) {
			s, _ := one(t, e, counter)
			record(s, -1)
		},
		"an admission is not recorded, among everything": func(t *testing.T, e *torture.Evidence) {
			s, op := one(t, e, register)
			record(s, -op.Units)
		},
		"a charge was counted twice": func(t *testing.T, e *torture.Evidence) {
			s, _ := one(t, e, counter)
			record(s, 1)
		},
		"a charge was counted twice, among everything": func(t *testing.T, e *torture.Evidence) {
			s, op := one(t, e, register)
			record(s, op.Units)
		},
		"an answer was given twice": func(t *testing.T, e *torture.Evidence) {
			s, op := one(t, e, counter)
			s.Operations = append(s.Operations, *op)
		},
		"an answer was given twice, among everything": func(t *testing.T, e *torture.Evidence) {
			s, op := one(t, e, register)
			s.Operations = slices.Insert(s.Operations, 0, *op)
		},
		"an answer got lost that is recorded": func(t *testing.T, e *torture.Evidence) {
			s, op := one(t, e, counter)
			op.Outcome = torture.Nothing
			_ = s
		},
		"one was admitted too many": func(t *testing.T, e *torture.Evidence) {
			s, op := one(t, e, func(s *torture.Subject, op *torture.Operation) bool {
				return s.Class == torture.Counter && op.Outcome == torture.Denied
			})
			op.Outcome, op.Code, op.Standing = torture.Done, "", op.Standing+1
			record(s, 1)
		},
		"a denial left room": func(t *testing.T, e *torture.Evidence) {
			s, op := one(t, e, counter)
			op.Outcome, op.Code, op.Standing = torture.Denied, "quota_exceeded", op.Standing-1
			record(s, -1)
		},
		"answers changed places across real time": func(t *testing.T, e *torture.Evidence) {
			s, first := one(t, e, counter)
			_, second := one(t, e, after(s, first, torture.Charge, torture.Done))
			first.Standing, second.Standing = second.Standing, first.Standing
		},
		"answers changed places across real time, among everything": func(t *testing.T, e *torture.Evidence) {
			s, first := one(t, e, func(s *torture.Subject, op *torture.Operation) bool { return register(s, op) && op.ID == "" })
			_, second := one(t, e, after(s, first, torture.Charge, torture.Done))
			first.Standing, second.Standing = second.Standing, first.Standing
		},
		"a reservation was settled twice": func(t *testing.T, e *torture.Evidence) {
			s, op := one(t, e, func(s *torture.Subject, op *torture.Operation) bool {
				return done(torture.Register, torture.Settle)(s, op) && op.Units > 0
			})
			record(s, op.Units)
		},
		"a reservation was settled in two ways": func(t *testing.T, e *torture.Evidence) {
			s, op := one(t, e, done(torture.Register, torture.Settle))
			other := *op
			other.Units, other.Called, other.Returned = op.Units+1, op.Returned+1, op.Returned+2
			s.Operations = slices.Insert(s.Operations, len(s.Operations)-1, other)
		},
		"a void gave nothing back": func(t *testing.T, e *torture.Evidence) {
			_, void := one(t, e, done(torture.Register, torture.Void))
			s, op := one(t, e, func(_ *torture.Subject, op *torture.Operation) bool {
				return op.Kind == torture.Reserve && op.ID == void.ID
			})
			record(s, op.Units)
		},
		"a refund gave back twice": func(t *testing.T, e *torture.Evidence) {
			s, op := one(t, e, done(torture.Register, torture.GiveBack))
			record(s, -op.Units)
		},
		"an idempotency key was charged twice": func(t *testing.T, e *torture.Evidence) {
			s, op := one(t, e, func(s *torture.Subject, op *torture.Operation) bool { return op.Replayed })
			op.Replayed = false
			record(s, op.Units)
		},
		"a revoked key was admitted": func(t *testing.T, e *torture.Evidence) {
			s, revoked := one(t, e, done(torture.Register, torture.Revoke))
			_, op := one(t, e, after(s, revoked, torture.Charge, torture.Denied))
			op.Outcome, op.Code = torture.Done, ""
			record(s, op.Units)
		},
		"a former secret was admitted": func(t *testing.T, e *torture.Evidence) {
			s, rotated := one(t, e, done(torture.Register, torture.Rotate))
			_, op := one(t, e, after(s, rotated, torture.Charge, torture.Done))
			op.Secret--
		},
		"a former limit decided": func(t *testing.T, e *torture.Evidence) {
			s, changed := one(t, e, done(torture.Register, torture.SetLimit))
			_, op := one(t, e, after(s, changed, torture.Charge, torture.Done))
			op.Limit++
		},
		"a reset was forgotten": func(t *testing.T, e *torture.Evidence) {
			_, op := one(t, e, func(s *torture.Subject, op *torture.Operation) bool {
				before := slices.IndexFunc(s.Operations, func(o torture.Operation) bool {
					return o.Standing > 10 && o.Outcome == torture.Done && o.Returned < op.Called
				})
				return done(torture.Register, torture.Reset)(s, op) && before >= 0
			})
			op.Outcome = torture.Nothing
		},
		"a charge went to a period that was over": func(t *testing.T, e *torture.Evidence) {
			_, op := one(t, e, func(s *torture.Subject, op *torture.Operation) bool { return register(s, op) && op.Period > 0 })
			op.Period -= 24 * 60 * 60
		},
		"the upstream saw a call that nobody made": func(t *testing.T, e *torture.Evidence) {
			s, _ := one(t, e, done(torture.Proxied, torture.Call))
			s.Seen = s.Recorded + 1
		},
		"a call was answered that the upstream never saw": func(t *testing.T, e *torture.Evidence) {
			s, _ := one(t, e, done(torture.Proxied, torture.Call))
			s.Seen = 0
		},
		"the history and the count differ": func(t *testing.T, e *torture.Evidence) {
			s, _ := one(t, e, counter)
			s.Counted++
		},
		"a failing call was kept that was never made": func(t *testing.T, e *torture.Evidence) {
			s, _ := one(t, e, done(torture.Register, torture.GiveBack))
			s.Kept += 1000
			record(s, 1000)
		},
		"a key was lost": func(t *testing.T, e *torture.Evidence) { e.Subjects[0].Lost = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			isNoticed(t, read(t), lie)
		})
	}
}

// isNoticed wants a lie about an evidence to be noticed.
func isNoticed(t *testing.T, evidence *torture.Evidence, lie func(*testing.T, *torture.Evidence)) {
	t.Helper()
	lie(t, evidence)
	if found := torture.Check(evidence); len(found.Violations) == 0 {
		t.Error("nobody noticed")
	}
}

// TestOneWrongCountIsNoticed changes what one answer, whichever, says is used.
func TestOneWrongCountIsNoticed(t *testing.T) {
	t.Parallel()
	truth := read(t)
	random := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		s := truth.Subjects[random.IntN(len(truth.Subjects))]
		op := &s.Operations[random.IntN(len(s.Operations))]
		if op.Kind != torture.Charge && op.Kind != torture.Reserve || op.Standing < 0 || op.Replayed || op.Code == "cost_exceeds_limit" {
			continue
		}
		before := op.Standing
		op.Standing += 1 + random.Int64N(3)
		if found := torture.Check(&torture.Evidence{Started: truth.Started, Ended: truth.Ended, Steps: truth.Steps, Subjects: []*torture.Subject{s}}); len(found.Violations) == 0 {
			text, _ := json.Marshal(op)
			t.Errorf("nobody noticed that %d was told in place of %d: %s", op.Standing, before, text)
		}
		op.Standing = before
	}
}

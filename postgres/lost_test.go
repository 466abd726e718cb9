package postgres_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/test/history"
)

var allCuts = []testdb.Cut{testdb.CutFirstSync, testdb.CutBeforeCommit, testdb.CutCommitAnswer, testdb.CutInsideCommitAnswer}

// lose runs a fleet whose connections keep breaking at a point, until callers were
// told all of the outcomes, or it has run so long that some never come.
func lose(t *testing.T, at testdb.Cut, patience func(*rand.Rand) time.Duration, outcomes ...history.Outcome) *fleet {
	t.Helper()
	const share = 0.1
	seed := uint64(at) + 1
	f := newFleet(t, 3, 6, ration.EngineConfig{MaxWait: time.Minute})
	for i, w := range f.wires {
		w.CutRandomly(seed*100+uint64(i), share, at)
	}
	cuts := func() (sum int) {
		for _, w := range f.wires {
			sum += w.Cuts(at)
		}
		return sum
	}
	deadline := time.Now().Add(2 * time.Minute)
	f.run(t, seed, patience, func() bool {
		missing := slices.ContainsFunc(outcomes, func(o history.Outcome) bool { return f.count(o) == 0 })
		return cuts() >= lostAnswers && (!missing || time.Now().After(deadline))
	})
	for _, w := range f.wires {
		w.Heal()
	}
	f.close(t)
	f.check(t)
	return f
}

// Callers who wait get exactly what was decided: what they were told is what is
// recorded, to the last unit.
func TestLostAnswersArePatientlyResolved(t *testing.T) {
	t.Parallel()
	for _, at := range allCuts {
		t.Run(at.String(), func(t *testing.T) {
			t.Parallel()
			f := lose(t, at, nil)
			if got := f.count(history.Unknown); got != 0 {
				t.Errorf("%d callers who waited were told that the outcome is unknown", got)
			}
		})
	}
}

// Callers who give up are told the truth as well: that the outcome is unknown, or
// that nothing was charged.
func TestLostAnswersOfCallersWhoGiveUp(t *testing.T) {
	t.Parallel()
	for _, at := range allCuts {
		t.Run(at.String(), func(t *testing.T) {
			t.Parallel()
			f := lose(t, at, func(random *rand.Rand) time.Duration {
				return time.Duration(random.IntN(100)) * time.Millisecond
			}, history.Unknown, history.Failed, history.Admitted)
			for outcome, name := range map[history.Outcome]string{history.Unknown: "unknown", history.Failed: "not charged", history.Admitted: "admitted"} {
				if f.count(outcome) == 0 {
					t.Errorf("no charge was %s: the test doesn't test it", name)
				}
			}
		})
	}
}

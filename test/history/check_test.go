package history_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration/test/history"
)

// op is an operation that was called and returned at a microsecond each.
func op(called, returned int, outcome history.Outcome, used int64) history.Operation {
	return history.Operation{Called: time.Duration(called), Returned: time.Duration(returned), Outcome: outcome, Used: used}
}

func TestCheckFindsWhatIsWrong(t *testing.T) {
	const admitted, denied, unknown, failed = history.Admitted, history.Denied, history.Unknown, history.Failed
	for name, row := range map[string]struct {
		operations      []history.Operation
		limit, recorded int64
		wrong           string // empty: nothing
	}{
		"nothing": {},
		"in turn, up to the limit": {
			[]history.Operation{op(1, 2, admitted, 1), op(3, 4, admitted, 2), op(5, 6, denied, 2), op(7, 8, denied, 2)}, 2, 2, "",
		},
		"at once, in any order": {
			[]history.Operation{op(1, 9, admitted, 3), op(2, 8, admitted, 1), op(3, 7, admitted, 2)}, 9, 3, "",
		},
		"unknown ones took effect": {
			[]history.Operation{op(1, 2, unknown, 0), op(1, 5, unknown, 0), op(3, 4, denied, 2)}, 2, 2, "",
		},
		"unknown ones took none": {
			[]history.Operation{op(1, 2, unknown, 0), op(3, 4, admitted, 1), op(5, 6, failed, 0)}, 9, 1, "",
		},

		"an admitted one is not recorded": {
			[]history.Operation{op(1, 2, admitted, 1), op(3, 4, admitted, 2)}, 9, 1, "only 1 are recorded",
		},
		"one was charged twice": {
			[]history.Operation{op(1, 2, admitted, 1), op(3, 4, unknown, 0)}, 9, 3, "3 are recorded; 1 were admitted and 1 are unknown",
		},
		"a failed one was charged": {
			[]history.Operation{op(1, 2, failed, 0)}, 9, 1, "1 are recorded; 0 were admitted",
		},
		"a denied one was charged": {
			[]history.Operation{op(1, 2, admitted, 1), op(3, 4, denied, 1)}, 1, 2, "2 are recorded; 1 were admitted",
		},
		"over the limit": {
			[]history.Operation{op(1, 2, admitted, 1), op(3, 4, admitted, 2)}, 1, 2, "over the limit of 1",
		},
		"an update was lost": {
			[]history.Operation{op(1, 3, admitted, 1), op(2, 4, admitted, 1), op(5, 6, unknown, 0)}, 9, 2, "two charges were told that theirs is unit 1",
		},
		"a unit beyond the limit": {
			[]history.Operation{op(1, 2, admitted, 3), op(3, 4, unknown, 0)}, 2, 2, "told that its is unit 3",
		},
		"a unit that is not recorded": {
			[]history.Operation{op(1, 2, admitted, 2)}, 9, 1, "told that its is unit 2",
		},
		"the past": {
			[]history.Operation{op(1, 2, admitted, 2), op(3, 4, admitted, 1)}, 9, 2, "told of 1 used after another had been told of 2",
		},
		"the past, in a denial": {
			[]history.Operation{op(1, 2, admitted, 2), op(1, 2, admitted, 1), op(3, 4, denied, 1)}, 2, 2, "told of 1 used after another had been told of 2",
		},
		"room after a denial": {
			[]history.Operation{op(1, 2, denied, 1), op(1, 9, unknown, 0), op(3, 4, admitted, 2)}, 1, 2, "unit 2 was admitted after another charge had been denied",
		},
		"denied with room left": {
			[]history.Operation{op(1, 2, admitted, 1), op(3, 4, denied, 1)}, 2, 1, "denied with 1 used of 2",
		},
		"denied for charges to come": {
			[]history.Operation{op(1, 2, denied, 1), op(3, 4, admitted, 1)}, 1, 1, "when 0 charges had begun",
		},
	} {
		t.Run(name, func(t *testing.T) {
			rand.Shuffle(len(row.operations), func(i, j int) {
				row.operations[i], row.operations[j] = row.operations[j], row.operations[i]
			})
			err := history.Check(row.operations, row.limit, row.recorded)
			if row.wrong == "" && err != nil || row.wrong != "" && (err == nil || !strings.Contains(err.Error(), row.wrong)) {
				t.Errorf("got %v, want %q", err, row.wrong)
			}
		})
	}
}

// TestCheckFindsOneWrongAnswerAmongMany makes histories of a counter and spoils
// one answer in each.
func TestCheckFindsOneWrongAnswerAmongMany(t *testing.T) {
	const limit, calls = 200, 300
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 0))
		operations, recorded := counted(random, limit, calls)
		if err := history.Check(operations, limit, recorded); err != nil {
			t.Fatalf("seed %d: a true history: %v", seed, err)
		}
		spoiled := &operations[random.IntN(calls)]
		switch {
		case spoiled.Outcome == history.Denied:
			spoiled.Used--
		case random.IntN(2) == 0:
			spoiled.Used += limit
		default: // another's unit, or one beyond the limit
			spoiled.Used++
		}
		if err := history.Check(operations, limit, recorded); err == nil {
			t.Fatalf("seed %d: nothing was found wrong", seed)
		}
	}
}

// counted runs calls that overlap against a counter.
func counted(random *rand.Rand, limit int64, calls int) (operations []history.Operation, recorded int64) {
	for i := range calls {
		at := 100 * i // when it takes effect
		operation := op(at-random.IntN(500), at+1+random.IntN(500), history.Admitted, 0)
		if recorded < limit {
			recorded++
		} else {
			operation.Outcome = history.Denied
		}
		operation.Used = recorded
		operations = append(operations, operation)
	}
	return operations, recorded
}

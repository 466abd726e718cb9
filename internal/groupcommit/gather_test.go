package groupcommit_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/ration-dev/ration/internal/groupcommit"
)

// TestThoseWhoAreReadyJoinABatch shows it with callers who become ready during a commit,
// on one processor, which the lane has. Now and then the scheduler lets the lane go on
// before them.
func TestThoseWhoAreReadyJoinABatch(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const callers, rounds = 5, 200
	var batcher *groupcommit.Batcher[string, string, string]
	var running sync.WaitGroup
	call := func(item string) {
		if _, err := batcher.Do(t.Context(), item); err != nil {
			t.Error(err)
		}
	}
	together := 0
	batcher = groupcommit.New(config{Key: keyOf, Commit: func(_ context.Context, items []string) ([]string, error) {
		if items[0] == "first" {
			for i := range callers {
				running.Go(func() { call(fmt.Sprintf("%d:", i)) })
			}
		} else if len(items) == callers {
			together++
		}
		return items, nil
	}})
	for range rounds {
		call("first")
		running.Wait()
	}
	if together < rounds/2 {
		t.Errorf("in %d of %d rounds, all %d callers were in one batch; want at least half", together, rounds, callers)
	}
}

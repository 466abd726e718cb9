package groupcommit_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ration-dev/ration/internal/groupcommit"
)

// order is an item of the stress test: the number-th of its key.
type order struct {
	key, number int
	poisonous   bool
}

// ledger is a store that notes what took effect. It fails, stalls and panics at
// random; what it notes it notes before it misbehaves.
type ledger struct {
	t       *testing.T
	random  *rand.Rand
	inside  bool
	effects map[order]int
	unknown map[order]bool // handed over, and the answer was lost
	last    map[int]int    // per key, the number that was seen last
}

var errLost = errors.New("answer lost")

func (l *ledger) commit(ctx context.Context, items []order) ([]order, error) {
	if l.inside {
		l.t.Error("Commit called while it runs")
	}
	l.inside = true
	defer func() { l.inside = false }()
	select {
	case <-time.After(time.Duration(l.random.IntN(3000)) * time.Microsecond):
	case <-ctx.Done():
		return nil, ctx.Err() // nobody waits; nothing took effect
	}
	for _, item := range items {
		if item.poisonous {
			return nil, errPoison
		}
	}
	for _, item := range items {
		l.effects[item]++
		if item.number <= l.last[item.key] {
			l.t.Errorf("key %d: item %d after item %d", item.key, item.number, l.last[item.key])
		}
		l.last[item.key] = item.number
	}
	switch l.random.IntN(20) {
	case 0:
		l.lose(items)
		return nil, errLost
	case 1:
		l.lose(items)
		panic("at random")
	}
	return items, nil
}

func (l *ledger) lose(items []order) {
	for _, item := range items {
		l.unknown[item] = true
	}
}

// TestRandomCancels checks that each of 10,000 items, whose callers give up at
// random times, is answered once and truthfully: an answer means that it took effect
// once, ErrNotSent and a refusal that it never did, and nothing takes effect twice.
func TestRandomCancels(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { stress(t, seed) })
		})
	}
}

func stress(t *testing.T, seed uint64) {
	const keys, perKey, callersPerKey, pause = 50, 200, 8, 2500
	l := &ledger{
		t: t, random: rand.New(rand.NewPCG(seed, 0)),
		effects: map[order]int{}, unknown: map[order]bool{}, last: map[int]int{},
	}
	b := groupcommit.New(groupcommit.Config[int, order, order]{
		Key: func(o order) int { return o.key }, Commit: l.commit, Split: isPoison,
		MaxKeys: 20, MaxItems: 100, MaxQueue: 120, MaxWait: 20 * time.Millisecond,
	})
	var mu sync.Mutex
	answers := map[order]error{}
	var callers sync.WaitGroup
	for key := range keys {
		random := rand.New(rand.NewPCG(seed, uint64(key)+1))
		slots := make(chan struct{}, callersPerKey)
		callers.Go(func() {
			for number := range perKey {
				item := order{key, number + 1, random.IntN(400) == 0}
				patience := time.Duration(random.IntN(20000)) * time.Microsecond
				slots <- struct{}{}
				callers.Go(func() {
					defer func() { <-slots }()
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					got, err := b.Do(ctx, item)
					if err == nil && got != item {
						t.Errorf("Do(%v) = %v, another item's result", item, got)
					}
					mu.Lock()
					defer mu.Unlock()
					answers[item] = err
				})
				// Never 0: items of a key come one after the other.
				time.Sleep(time.Duration(1+random.IntN(2*pause)) * time.Microsecond)
			}
		})
	}
	callers.Wait()
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkEmpty(t, b)
	l.check(answers, keys*perKey)
}

func (l *ledger) check(answers map[order]error, total int) {
	kinds := map[string]int{}
	for item, err := range answers {
		effects := l.effects[item]
		kind, truthful := "other", false
		switch {
		case err == nil:
			kind, truthful = "done", effects == 1 && !l.unknown[item]
		case errors.Is(err, groupcommit.ErrQueueFull):
			kind, truthful = "full", effects == 0
		case errors.Is(err, groupcommit.ErrNotSent):
			kind, truthful = "not sent", effects == 0
		case errors.Is(err, groupcommit.ErrOutcomeUnknown):
			kind, truthful = "unknown", effects <= 1
		case errors.Is(err, errLost):
			kind, truthful = "lost", effects == 1
		case errors.Is(err, errPoison):
			kind, truthful = "guilty", item.poisonous && effects == 0
		}
		kinds[kind]++
		if !truthful {
			l.t.Errorf("Do(%v) = %v, but it took effect %d times", item, err, effects)
		}
	}
	if len(answers) != total {
		l.t.Errorf("%d of %d items answered", len(answers), total)
	}
	for _, kind := range []string{"done", "full", "not sent", "unknown", "lost", "guilty"} {
		if kinds[kind] == 0 {
			l.t.Errorf("no item %q: the test doesn't test it (%v)", kind, kinds)
		}
	}
	l.t.Logf("%v", kinds)
}

package storetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
)

// The last test closes the store, so this group has a database of its own.
var closingTests = []contractTest{
	{"a store that is open is ready", testReady},
	{"a batch that nobody waits for is charged or not as its answer says", testNobodyWaits},
	{"a batch that is given up while it waits is charged or not as its answer says", testGivenUp},
	{"a store answers what is under way and then closes", testClose},
}

func testReady(f *fixture) {
	if err := f.Store.Ready(f.Context()); err != nil {
		f.Errorf("not ready: %v", err)
	}
	if lanes := f.Store.Lanes(); lanes < 1 {
		f.Errorf("%d lanes, want at least 1", lanes)
	}
}

// wantTruth compares what a batch of one request was answered with what was
// counted.
func (f *fixture) wantTruth(id ration.KeyID, decisions []ration.Decision, err error) {
	f.Helper()
	used := f.meter(id, ration.MeterRequests).Used
	switch {
	case err == nil:
		f.wantCode(decisions[0], ration.CodeOK)
		if used != 1 {
			f.Errorf("admitted, and %d used", used)
		}
	case errors.Is(err, ration.ErrOutcomeUnknown):
		if used > 1 {
			f.Errorf("a batch was charged %d times", used)
		}
	case used != 0:
		f.Errorf("used %d after %v", used, err)
	}
}

func testNobodyWaits(f *fixture) {
	ctx, cancel := context.WithCancel(f.Context())
	cancel()
	id := f.key("")
	decisions, err := f.Store.Charge(ctx, testbatch.AsIs(normal(f, chargeOf(id))))
	f.wantTruth(id, decisions, err)
	f.allow(f.key(""), requests(1))
}

// testGivenUp ends the context of a batch that waits for its key.
func testGivenUp(f *fixture) {
	id := f.key("")
	ctx, cancel := context.WithCancel(f.Context())
	defer cancel()
	charge := normal(f, chargeOf(id))
	var decisions []ration.Decision
	var chargeErr error
	var group sync.WaitGroup
	var once sync.Once
	f.updateKey(id, func(change *admin.KeyChange) {
		once.Do(func() {
			group.Go(func() {
				decisions, chargeErr = f.Store.Charge(ctx, testbatch.AsIs(charge))
			})
			if f.AwaitLocked != nil {
				f.AwaitLocked(f.t)
			}
			cancel()
		})
		change.Key.Name = "changed while a batch waited"
	})
	group.Wait()
	f.wantTruth(id, decisions, chargeErr)
	f.allow(f.key(""), requests(1))
}

func normal(f *fixture, charge item) item {
	f.Helper()
	charge, err := charge.Normalize()
	if err != nil {
		f.Fatal(err)
	}
	return charge
}

// testClose closes a store that is being charged from all sides. What it
// admitted is there afterwards, as far as another instance can tell.
func testClose(f *fixture) {
	const callers = 4
	var ids [callers]ration.KeyID
	for i := range ids {
		ids[i] = f.key("")
	}
	store := f.Store
	if f.OpenAnother != nil {
		store = f.OpenAnother(f.t)
	}
	var admitted, unknown [callers]atomic.Int64
	var group sync.WaitGroup
	busy := make(chan struct{}, callers)
	for i, id := range ids {
		group.Go(func() {
			for {
				_, err := chargeBatch(f, store, chargeOf(id))
				switch {
				case err == nil:
					if admitted[i].Add(1) == 3 {
						busy <- struct{}{}
					}
					continue
				case errors.Is(err, ration.ErrOutcomeUnknown):
					unknown[i].Add(1)
				}
				return
			}
		})
	}
	for range callers {
		<-busy
	}
	for range 2 { // the second time there is nothing left to close
		if err := store.Close(); err != nil {
			f.Errorf("closing: %v", err)
		}
	}
	group.Wait()
	if f.OpenAnother == nil {
		return
	}
	for i, id := range ids {
		used := f.meter(id, ration.MeterRequests).Used
		if least := admitted[i].Load(); used < least || used > least+unknown[i].Load() {
			f.Errorf("used %d, admitted %d, unknown %d", used, least, unknown[i].Load())
		}
	}
}

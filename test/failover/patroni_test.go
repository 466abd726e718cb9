//go:build long

package failover_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

const (
	nodes   = 3
	rounds  = 3 // of a switchover and a loss of the leader
	callers = 8
	pace    = 5 * time.Millisecond // between two calls of a caller
	enough  = 200                  // admissions after each event
	patient = 5 * time.Second      // as callers are
	longest = 2 * time.Minute      // without an admission
)

// TestFailoversForgetNothing hands over the lead and kills the leader, three times
// each, while callers charge.
func TestFailoversForgetNothing(t *testing.T) {
	patroni := testdb.StartPatroni(t, nodes)
	config := postgres.Config{URL: patroni.DSN()}
	if _, _, err := postgres.Migrate(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	store, err := postgres.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	l := newLoad(t, store)
	stop := l.begin(t)
	defer stop()
	l.await(t, enough)
	for round := range rounds {
		l.event(t, "switchover", patroni.Switchover)
		patroni.AwaitAll()
		revive := func() {}
		l.event(t, "leader killed", func() { revive = patroni.KillLeader() })
		revive()
		patroni.AwaitAll()
		t.Logf("round %d: %d admitted, %d unknown, %d unavailable", round, l.admitted.Load(), l.unknown.Load(), l.unavailable.Load())
	}
	stop()
	l.verify(t)
}

// load is callers that charge one key at their pace, and what they were answered.
type load struct {
	store *postgres.Store
	key   ration.KeyID

	admitted, unknown, unavailable atomic.Int64
	last                           atomic.Int64 // when the last was admitted, in nanoseconds
	gap                            atomic.Int64 // the longest between two
}

func newLoad(t *testing.T, store *postgres.Store) *load {
	t.Helper()
	record, err := store.CreateKey(t.Context(), func(change *admin.KeyChange) error {
		change.Key.Key = ration.Key{ID: ration.NewKeyID(), Name: "caller", Status: ration.StatusActive, CreatedAt: change.Now, UpdatedAt: change.Now}
		change.Audit = admin.AuditEntry{Actor: "test", Action: "key.create", Target: change.Key.ID.String()}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	l := &load{store: store, key: record.ID}
	l.last.Store(time.Now().UnixNano())
	return l
}

// begin starts the callers; stop ends them and may be called again.
func (l *load) begin(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for range callers {
		running.Go(func() {
			pause := time.NewTicker(pace)
			defer pause.Stop()
			for ; ctx.Err() == nil; <-pause.C {
				l.call(t)
			}
		})
	}
	return func() {
		cancel()
		running.Wait()
	}
}

func (l *load) call(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patient)
	defer cancel()
	decisions, err := l.store.Charge(ctx, testbatch.Requests(t, l.key))
	switch {
	case err == nil && decisions[0].Code == ration.CodeOK:
		l.admit()
	case errors.Is(err, ration.ErrOutcomeUnknown):
		l.unknown.Add(1)
	case errors.Is(err, ration.ErrStoreUnavailable), err == nil && decisions[0].Code == ration.CodeStoreUnavailable:
		l.unavailable.Add(1)
	default:
		t.Errorf("Charge = %v, %v", decisions, err)
	}
}

func (l *load) admit() {
	l.admitted.Add(1)
	now := time.Now().UnixNano()
	for gap := now - l.last.Swap(now); ; {
		known := l.gap.Load()
		if gap <= known || l.gap.CompareAndSwap(known, gap) {
			return
		}
	}
}

// await returns when so many more were admitted.
func (l *load) await(t *testing.T, more int64) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for want, deadline := l.admitted.Load()+more, time.Now().Add(longest); l.admitted.Load() < want; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("no %d admissions within %s: %v", more, longest, l.store.Ready(t.Context()))
		}
	}
}

// event does something to the database and logs for how long nobody was admitted.
func (l *load) event(t *testing.T, what string, do func()) {
	t.Helper()
	l.gap.Store(0)
	do()
	l.await(t, enough)
	t.Logf("%s: nobody was admitted for %s", what, time.Duration(l.gap.Load()).Round(10*time.Millisecond))
}

// verify compares what was answered with what is recorded.
func (l *load) verify(t *testing.T) {
	t.Helper()
	usage, _, err := l.store.KeyUsage(t.Context(), l.key)
	if err != nil {
		t.Fatal(err)
	}
	admitted, unknown, recorded := l.admitted.Load(), l.unknown.Load(), usage[0].Used
	t.Logf("%d admitted, %d recorded, %d unknown, %d unavailable", admitted, recorded, unknown, l.unavailable.Load())
	if recorded < admitted || recorded > admitted+unknown {
		t.Errorf("%d are recorded, want %d to %d", recorded, admitted, admitted+unknown)
	}
}

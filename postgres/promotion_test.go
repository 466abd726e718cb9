package postgres_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

// TestPromotionIsFollowed loses the primary in the ways that there are, promotes its
// standby, and lets the old primary come back unfenced. Decisions go on by
// themselves, and none is made where it would be lost: neither by the instance that
// was there nor by one that knows nothing of before.
func TestPromotionIsFollowed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		hosts      func(p pair, way *testdb.Wire) []string
		lose, back func(p pair, way *testdb.Wire) error
	}{
		"stopped in its tracks": {
			hosts: func(p pair, _ *testdb.Wire) []string { return []string{p.primary.DSN(), p.standby.DSN()} },
			lose:  func(p pair, _ *testdb.Wire) error { return p.primary.Pause() },
			back:  func(p pair, _ *testdb.Wire) error { return p.primary.Resume() },
		},
		"killed, the standby first": {
			hosts: func(p pair, _ *testdb.Wire) []string { return []string{p.standby.DSN(), p.primary.DSN()} },
			lose:  func(p pair, _ *testdb.Wire) error { return p.primary.Kill() },
			back:  func(p pair, _ *testdb.Wire) error { return p.primary.Start() },
		},
		"out of reach by two of three hosts": {
			hosts: func(p pair, way *testdb.Wire) []string { return []string{way.DSN(), p.standby.DSN(), p.way.DSN()} },
			lose:  func(p pair, way *testdb.Wire) error { way.BlackHole(); p.way.BlackHole(); return nil },
			back:  func(p pair, way *testdb.Wire) error { way.Heal(); p.way.Heal(); return nil },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			way := testdb.NewWire(t, p.primary.DSN())
			hosts := &database{url: testdb.Among(test.hosts(p, way)...)}
			store := hosts.open(t, postgres.Config{})
			id := createKey(t, store, "")
			charge(t, store, id)
			if err := errors.Join(test.lose(p, way), p.standby.Promote()); err != nil {
				t.Fatal(err)
			}
			t.Logf("decisions go on %s after the promotion", untilDecided(t, store, id))
			_ = awaitError(t, func() error { return store.Ready(t.Context()) }, nil)
			_ = awaitError(t, func() error { _, err := store.CreateKey(t.Context(), newKey("")); return err }, nil)

			if err := test.back(p, way); err != nil {
				t.Fatal(err)
			}
			old := &database{conn: connect(t, p.primary.DSN())}
			old.exec(t, "ALTER SYSTEM RESET synchronous_standby_names")
			old.exec(t, "SELECT pg_reload_conf()")
			before := usedAt(t, p.standby, id)
			fresh := hosts.open(t, postgres.Config{})
			for range 5 {
				charge(t, fresh, id)
				_ = awaitError(t, func() error { _, err := store.Charge(t.Context(), testbatch.Requests(t, id)); return err }, nil)
			}
			if got := usedAt(t, p.standby, id) - before; got != 10 {
				t.Errorf("the promoted server has recorded %d of 10", got)
			}
			if got := usedAt(t, p.primary, id); got > 2 { // it may have had a batch before it stood still, which it then records
				t.Errorf("the old primary has recorded %d, want 1, or 2", got)
			}
		})
	}
}

// untilDecided charges until it is decided, and returns how long that took. A server
// that is waited for as long as drivers do by default, two minutes, fails it.
func untilDecided(t *testing.T, store *postgres.Store, id ration.KeyID) time.Duration {
	t.Helper()
	began := time.Now()
	for {
		decisions, err := store.Charge(t.Context(), testbatch.Requests(t, id))
		switch took := time.Since(began); {
		case took > time.Minute:
			t.Fatalf("no decision for %s: %v", took, err)
		case err == nil && decisions[0].Code == ration.CodeOK:
			return took
		}
	}
}

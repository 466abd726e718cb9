package postgres_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/storetest"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

// TestContractThroughAPooler has four sessions for two stores with eight
// connections each, and the transactions of both take turns on them. The database
// tells its sessions to keep warnings to themselves and to end at any error.
func TestContractThroughAPooler(t *testing.T) {
	t.Parallel()
	storetest.RunAgain(t, func(t *testing.T) storetest.Harness {
		d := newDatabase(t)
		d.set(t, silencing...)
		clock := newFakeClock(t, d, time.Now())
		config := postgres.Config{InstanceClock: clock.now}.Patient(8)
		pooled := &database{url: testdb.PgBouncer(t, d.url, nil)}
		return storetest.Harness{
			Store:          pooled.open(t, config),
			SetNow:         func(now time.Time) { clock.set(t, now) },
			SetInstanceNow: clock.setInstance,
			OpenAnother:    func(t *testing.T) storetest.Store { return pooled.open(t, config) },
			AwaitLocked:    func(t *testing.T) { d.await(t, somebodyWaits) },
		}
	})
}

// pooled returns the database as it is reached through a pooler.
func (d *database) pooled(t *testing.T, settings map[string]string) *database {
	t.Helper()
	return &database{url: testdb.PgBouncer(t, d.url, settings), conn: d.conn}
}

// Two instances share four sessions, whose connections on either side of the
// pooler keep breaking.
func TestInstancesThatShareAPoolerChargeOnce(t *testing.T) {
	t.Parallel()
	const batches, limit = 25, 60
	d := newDatabase(t)
	pooler := testdb.PgBouncer(t, d.url, nil)
	first := (&database{url: pooler}).open(t, postgres.Config{})
	createPlan(t, first, "limited", "60/day")
	keys := []ration.KeyID{createKey(t, first, ""), createKey(t, first, "limited")}
	var mu sync.Mutex
	admitted, unknown := make(map[ration.KeyID]int64), make(map[ration.KeyID]int64)
	var instances sync.WaitGroup
	var answered atomic.Int64
	var wires []*testdb.Wire
	for instance := range 2 {
		w := testdb.NewWire(t, pooler)
		store := (&database{url: w.DSN()}).open(t, postgres.Config{})
		w.CutRandomly(uint64(instance), 0.15, testdb.CutBeforeCommit, testdb.CutCommitAnswer)
		wires = append(wires, w)
		for _, key := range keys {
			instances.Go(func() {
				for range batches {
					decisions, err := store.Charge(t.Context(), testbatch.Requests(t, key, key))
					answered.Add(1)
					mu.Lock()
					switch {
					case err == nil:
						for i := range decisions {
							if decisions[i].Allowed() {
								admitted[key]++
							}
						}
					case errors.Is(err, ration.ErrOutcomeUnknown):
						unknown[key] += 2
					case !errors.Is(err, ration.ErrStoreUnavailable):
						t.Errorf("Charge = %v", err)
					}
					mu.Unlock()
				}
			})
		}
	}
	ended := make(chan struct{})
	go func() { instances.Wait(); close(ended) }()
	broken := d.endSessions(t, &answered, ended)
	for _, w := range wires {
		if cuts := w.Cuts(testdb.CutBeforeCommit) + w.Cuts(testdb.CutCommitAnswer); cuts < 3 {
			t.Errorf("only %d connections to the pooler broke", cuts)
		}
	}
	if broken < 3 {
		t.Errorf("only %d connections of the pooler broke", broken)
	}
	for i, key := range keys {
		used := d.used(t, key)
		if used < admitted[key] || used > admitted[key]+unknown[key] || i == 1 && used > limit || admitted[key] == 0 {
			t.Errorf("key %d: %d are recorded, %d were admitted, %d unknown", i, used, admitted[key], unknown[key])
		}
	}
}

// endSessions ends a session of the pooler's after every few batches that were
// answered, so that a slow machine gets on too. It returns how many it ended.
func (d *database) endSessions(t *testing.T, answered *atomic.Int64, ended <-chan struct{}) (broken int) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for next := int64(5); ; {
		select {
		case <-ended:
			return broken
		case <-tick.C:
		}
		if answered.Load() < next {
			continue
		}
		n := ask[int](t, d, `
			SELECT count(pg_terminate_backend(pid)) FROM (
			    SELECT pid FROM pg_stat_activity
			    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle' LIMIT 1) AS s`)
		if broken += n; n > 0 {
			next = answered.Load() + 5
		}
	}
}

func TestStuckKeyStallsNobodyElseThroughAPooler(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store := d.pooled(t, nil).open(t, postgres.Config{Lanes: 1})
	stuck, other := createKey(t, store, ""), createKey(t, store, "")
	release := lockForGood(t, d, stuck)
	want := []ration.Code{ration.CodeOK, ration.CodeStoreUnavailable, ration.CodeOK}
	for range 3 {
		if got := charge(t, store, other, stuck, other); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
	release()
	if got := charge(t, store, stuck, other); !slices.Equal(got, []ration.Code{ration.CodeOK, ration.CodeOK}) {
		t.Errorf("got %v after the lock was released", got)
	}
	if got := []int64{d.used(t, other), d.used(t, stuck)}; !slices.Equal(got, []int64{7, 1}) {
		t.Errorf("recorded are %d, want 7 and 1", got)
	}
}

func TestCommitWithoutItsStandbyAdmitsNobodyThroughAPooler(t *testing.T) {
	t.Parallel()
	d := migrated(t, testdb.StartCluster(t, nil).DSN())
	store := d.pooled(t, nil).open(t, postgres.Config{})
	id := createKey(t, store, "")
	d.loseStandby(t)
	t.Cleanup(func() { d.regainStandby(t) }) // before the store is closed
	for name, change := range map[string]func() error{
		"Charge":    func() error { _, err := store.Charge(t.Context(), testbatch.Requests(t, id)); return err },
		"CreateKey": func() error { _, err := store.CreateKey(t.Context(), newKey("")); return err },
	} {
		result := make(chan error, 1)
		go func() {
			for { // until the session knows of the standby
				if err := change(); err != nil {
					result <- err
					return
				}
			}
		}()
		d.await(t, commitWaits)
		d.exec(t, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
		if err := <-result; !errors.Is(err, ration.ErrOutcomeUnknown) {
			t.Errorf("%s = %v, want ErrOutcomeUnknown", name, err)
		}
	}
}

// With one session everybody waits for everybody, and nobody may need a second.
func TestPoolerWithOneSession(t *testing.T) {
	t.Parallel()
	d := &database{url: testdb.Postgres(t)}
	d.conn = connect(t, d.url)
	pooled := d.pooled(t, map[string]string{"default_pool_size": "1"})
	var instances sync.WaitGroup
	for range 8 {
		instances.Go(func() {
			if _, to, err := postgres.Migrate(t.Context(), postgres.Config{URL: pooled.url}); err != nil || to != ownVersion {
				t.Errorf("Migrate = %d, %v", to, err)
			}
		})
	}
	instances.Wait()
	store, err := postgres.Open(t.Context(), postgres.Config{URL: pooled.url})
	if err != nil {
		t.Fatal(err)
	}
	id := createKey(t, store, "")
	for range 20 {
		instances.Go(func() {
			if codes := charge(t, store, id); codes[0] != ration.CodeOK {
				t.Errorf("got %v", codes)
			}
			if err := store.Ready(t.Context()); err != nil {
				t.Errorf("Ready = %v", err)
			}
		})
	}
	instances.Wait()
	if got := d.used(t, id); got != 20 {
		t.Errorf("%d are recorded, want 20", got)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	if got := ask[int](t, d, "SELECT count(*) FROM charge_batches"); got != 0 {
		t.Errorf("%d batches were not purged", got)
	}
}

// What a URL may hold reaches the server, or is done without it, where a pooler
// refuses it from its clients.
func TestURLForAPooler(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.exec(t, "CREATE SCHEMA elsewhere")
	pooled, err := url.Parse(testdb.PgBouncer(t, d.url, nil))
	if err != nil {
		t.Fatal(err)
	}
	query := pooled.Query()
	query.Set("application_name", "named")
	query.Set("search_path", "elsewhere")
	query.Set("default_query_exec_mode", "simple_protocol")
	pooled.RawQuery = query.Encode()
	if from, to, err := postgres.Migrate(t.Context(), postgres.Config{URL: pooled.String()}); err != nil || from != 0 || to != ownVersion {
		t.Fatalf("Migrate = %d, %d, %v", from, to, err)
	}
	store := (&database{url: pooled.String()}).open(t, postgres.Config{})
	charge(t, store, createKey(t, store, ""))
	if got := ask[int](t, d, "SELECT sum(used) FROM elsewhere.key_usage"); got != 1 {
		t.Errorf("%d are recorded in the schema of the URL, want 1", got)
	}
	if !ask[bool](t, d, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'named' AND datname = current_database())") {
		t.Error("the application's name did not reach the server")
	}
}

// Sessions outlive the transactions of their clients, so nothing may be left in them.
func TestSessionsOfAPoolerAreLeftAsTheyWere(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	pooled := d.pooled(t, map[string]string{"default_pool_size": "1"})
	neighbour := connectThroughPooler(t, pooled.url)
	const state = `
		SELECT (SELECT coalesce(string_agg(name || '=' || setting, ' ' ORDER BY name), '') FROM pg_settings WHERE source = 'session' AND name <> 'application_name') ||
		       (SELECT ' prepared: ' || count(*) FROM pg_prepared_statements WHERE name <> '') ||
		       (SELECT ' locks: ' || count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())`
	var before, after string
	if err := neighbour.QueryRow(context.Background(), state).Scan(&before); err != nil {
		t.Fatal(err)
	}
	store := pooled.open(t, postgres.Config{})
	id := createKey(t, store, "")
	charge(t, store, id)
	if _, err := store.ResolveDigests(t.Context(), []ration.Digest{{1}}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := store.KeyUsage(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if _, _, err := postgres.Migrate(t.Context(), postgres.Config{URL: pooled.url}); err != nil {
		t.Fatal(err)
	}
	if err := neighbour.QueryRow(context.Background(), state).Scan(&after); err != nil || after != before {
		t.Errorf("the session was left with %q, %v; before: %q", after, err, before)
	}
}

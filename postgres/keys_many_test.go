package postgres_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/postgres"
	"github.com/ration-dev/ration/rationadmin"
)

// manyKeys is how many keys a change of many concerns, and chunkSize how many of
// them a transaction may lock.
const manyKeys, chunkSize = 10_000, 500

// fillKeys makes keys on a plan, in no order of their ids, and returns the ids.
func fillKeys(t *testing.T, d *database, n int, owner, plan string) []ration.KeyID {
	t.Helper()
	d.exec(t, `INSERT INTO api_keys (id, name, owner, plan, status, created_at, updated_at)
		SELECT gen_random_uuid(), 'key', $2, $3, 'active', now(), now() FROM generate_series(1, $1)`, n, owner, plan)
	d.exec(t, "INSERT INTO key_usage (api_key_id, meter) SELECT id, 'requests' FROM api_keys WHERE owner = $1", owner)
	d.exec(t, `INSERT INTO api_key_secrets (api_key_id, secret_id, starts_with, ends_with, created_at)
		SELECT id, gen_random_uuid(), 'a', 'b', now() FROM api_keys WHERE owner = $1`, owner)
	rows, err := d.conn.Query(t.Context(), "SELECT id FROM api_keys WHERE owner = $1 ORDER BY id", owner)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[[16]byte])
	if err != nil || len(ids) != n {
		t.Fatalf("%d keys (%v), want %d", len(ids), err, n)
	}
	keys := make([]ration.KeyID, n)
	for i, id := range ids {
		keys[i] = id
	}
	return keys
}

// observed is a store that tells what happens around each chunk of a change.
type observed struct {
	*postgres.Store
	locked func(ids []ration.KeyID) // once a chunk is locked
	done   func(ids []ration.KeyID) // after it was committed
}

func (o *observed) UpdateKeys(ctx context.Context, ids []ration.KeyID, update func(*admin.KeyChange) error) ([]admin.KeyRecord, error) {
	var once sync.Once
	records, err := o.Store.UpdateKeys(ctx, ids, func(change *admin.KeyChange) error {
		if o.locked != nil {
			once.Do(func() { o.locked(ids) })
		}
		return update(change)
	})
	if err == nil && o.done != nil {
		o.done(ids)
	}
	return records, err
}

// onPlan is a change of the keys on a plan to another.
func onPlan(from, to string) admin.KeysChange {
	return admin.KeysChange{Filter: admin.KeyFilter{Plan: from}, Action: admin.ActionUpdate, Patch: admin.KeyPatch{Plan: &to}}
}

// TestChargesGoOnWhileManyKeysChange charges the keys of a change, and others,
// all the while: none is refused, none waits for ever, and whatever starts after
// a chunk was committed sees its change.
func TestChargesGoOnWhileManyKeysChange(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	charging, changing := d.open(t, postgres.Config{}.Patient(8)), d.open(t, postgres.Config{Lanes: 1}.Patient(8))
	createPlan(t, changing, "old", "1000000/day")
	createPlan(t, changing, "new", "2000000/day")
	createPlan(t, changing, "other", "3000000/day")
	keys, others := fillKeys(t, d, manyKeys, "many", "old"), fillKeys(t, d, 100, "others", "other")
	untouched := []string{
		"SELECT md5(string_agg(k::text, '|' ORDER BY id)) FROM api_keys k WHERE owner = 'others'",
		"SELECT md5(string_agg(s::text, '|' ORDER BY secret_id)) FROM api_key_secrets s",
		"SELECT md5(string_agg(p::text, '|' ORDER BY name)) FROM plans p",
		"SELECT md5(string_agg(l::text, '|' ORDER BY plan)) FROM plan_limits l",
		"SELECT coalesce(md5(string_agg(l::text, '|')), '') FROM api_key_limits l",
	}
	read := func() (rows []string) {
		for _, sql := range untouched {
			rows = append(rows, ask[string](t, d, sql))
		}
		return rows
	}
	before := read()

	c := newChargers(t, charging, slices.Concat(keys, others))
	stop := c.start(4)
	store := &observed{
		Store: changing,
		locked: func(ids []ration.KeyID) { // these wait for the chunk, and see it
			picked := slices.Concat(ids[:20], ids[len(ids)-20:], others[:5])
			c.group.Go(func() { c.charge(picked, ids) })
		},
		done: func(ids []ration.KeyID) {
			for _, id := range ids {
				c.changed[id].Store(true)
			}
		},
	}
	result, err := rationadmin.ChangeAllKeys(t.Context(), admin.New(store, admin.Config{}), "cli:tester", onPlan("old", "new"))
	during := c.batches.Load()
	stop()
	if err != nil || result.Changed != manyKeys || result.Unchanged != 0 {
		t.Fatalf("%+v, %v", result, err)
	}
	if during < manyKeys/chunkSize {
		t.Errorf("%d batches were charged during the change; want some per chunk", during)
	}
	for chunk := range slices.Chunk(c.all, 200) {
		c.charge(chunk, nil)
	}
	for _, id := range slices.Concat(keys[:50], keys[len(keys)-50:], others) {
		if got, want := d.used(t, id), c.admitted[id].Load(); got != want {
			t.Errorf("%s has used %d, and %d were admitted", id, got, want)
		}
	}
	if diff := cmp.Diff(before, read()); diff != "" {
		t.Errorf("rows that the change does not concern (-before +after):\n%s", diff)
	}
	if got := ask[int](t, d, "SELECT count(DISTINCT target) FROM audit_log WHERE action = 'key.update' AND actor = 'cli:tester'"); got != manyKeys {
		t.Errorf("%d keys have an audit entry, want %d", got, manyKeys)
	}
	d.wantNoDeadlocks(t, charging, changing)
}

// chargers charge at random.
type chargers struct {
	*testing.T
	store    *postgres.Store
	all      []ration.KeyID
	changed  map[ration.KeyID]*atomic.Bool // committed
	admitted map[ration.KeyID]*atomic.Int64
	batches  atomic.Int64
	group    sync.WaitGroup
}

func newChargers(t *testing.T, store *postgres.Store, keys []ration.KeyID) *chargers {
	c := &chargers{T: t, store: store, all: keys, changed: make(map[ration.KeyID]*atomic.Bool), admitted: make(map[ration.KeyID]*atomic.Int64)}
	for _, id := range keys {
		c.changed[id], c.admitted[id] = new(atomic.Bool), new(atomic.Int64)
	}
	return c
}

// start charges from n sides until the returned function is called.
func (c *chargers) start(n int) (stop func()) {
	ended := make(chan struct{})
	for range n {
		c.group.Go(func() {
			for {
				select {
				case <-ended:
					return
				default:
				}
				picked := make([]ration.KeyID, 0, 20)
				for range cap(picked) {
					picked = append(picked, c.all[rand.IntN(len(c.all))])
				}
				c.charge(picked, nil)
			}
		})
	}
	return func() {
		close(ended)
		c.group.Wait()
	}
}

// charge charges keys, in one batch, and wants all admitted; those that were
// changed before, or are locked for it now, on the new plan.
func (c *chargers) charge(ids, locked []ration.KeyID) {
	changed := make([]bool, len(ids))
	for i, id := range ids {
		changed[i] = c.changed[id].Load() || slices.Contains(locked, id)
	}
	decisions, err := c.store.Charge(c.Context(), testbatch.Requests(c, ids...))
	if err != nil {
		c.Errorf("charging: %v", err)
		return
	}
	for i, decision := range decisions {
		switch {
		case !decision.Allowed():
			c.Errorf("%s is refused during a change: %s", ids[i], decision.Code)
			continue
		case changed[i] && decision.Plan != "new":
			c.Errorf("%s is on plan %s after the change", ids[i], decision.Plan)
		}
		c.admitted[ids[i]].Add(1)
	}
	c.batches.Add(1)
}

// wantNoDeadlocks closes the stores, whose sessions then leave their counts.
func (d *database) wantNoDeadlocks(t *testing.T, stores ...*postgres.Store) {
	t.Helper()
	for _, store := range stores {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
	d.await(t, "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'")
	if got := ask[int](t, d, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"); got != 0 {
		t.Errorf("%d deadlocks", got)
	}
}

// TestManyKeysAreLockedInChunks counts from outside, during each chunk, how many
// keys are locked.
func TestManyKeysAreLockedInChunks(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store := d.open(t, postgres.Config{})
	createPlan(t, store, "old")
	createPlan(t, store, "new")
	const keys = 2*chunkSize + 10
	fillKeys(t, d, keys, "many", "old")
	var locked []int
	count := func([]ration.KeyID) {
		locked = append(locked, keys-ask[int](t, d, "SELECT count(*) FROM (SELECT FROM key_usage FOR UPDATE SKIP LOCKED) AS free"))
	}
	operations := admin.New(&observed{Store: store, locked: count}, admin.Config{})
	if _, err := rationadmin.ChangeAllKeys(t.Context(), operations, "cli:tester", onPlan("old", "new")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{chunkSize, chunkSize, 10}, locked); diff != "" {
		t.Errorf("keys locked at once (-want +got):\n%s", diff)
	}
}

// TestManyKeysGiveWayToStuckOnes: a change that waits for a key holds the locks
// of those before it, whose charges must not be refused for that. Two keys are
// stuck, one after the other; a change that had the patience of a charge would
// hold the first keys for longer than their charges wait.
func TestManyKeysGiveWayToStuckOnes(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	charging, changing := d.open(t, postgres.Config{Lanes: 1}), d.open(t, postgres.Config{Lanes: 1})
	createPlan(t, changing, "old")
	createPlan(t, changing, "new")
	keys := fillKeys(t, d, chunkSize, "many", "old")
	freeFirst, freeLast := d.hold(t, keys[chunkSize/2]), d.hold(t, keys[chunkSize-1])

	c := newChargers(t, charging, keys[:3])
	stop := c.start(1)
	changed := make(chan error, 1)
	operations := admin.New(changing, admin.Config{})
	go func() {
		_, err := rationadmin.ChangeAllKeys(t.Context(), operations, "cli:tester", onPlan("old", "new"))
		changed <- err
	}()
	var err error
	for waiting := true; waiting; {
		select {
		case err = <-changed:
			waiting = false
		default:
			if ask[bool](t, d, waitsLong) {
				freeFirst()
			}
		}
	}
	stop()
	if !errors.Is(err, ration.ErrStoreUnavailable) {
		t.Errorf("error %v, want the store unavailable", err)
	}
	if got := ask[int](t, d, "SELECT count(*) FROM api_keys WHERE plan = 'old'"); got != chunkSize {
		t.Errorf("%d keys are unchanged, want all of the chunk", got)
	}
	freeFirst()
	freeLast()
	result, err := rationadmin.ChangeAllKeys(t.Context(), operations, "cli:tester", onPlan("old", "new"))
	if err != nil || result.Changed != chunkSize {
		t.Errorf("again: %+v, %v", result, err)
	}
}

// waitsLong tells whether a change has waited for a key for nearly as long as a
// charge does.
const waitsLong = `
	SELECT EXISTS (SELECT FROM pg_stat_activity
	               WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%SELECT api_key_id%FOR NO KEY UPDATE%'
	                     AND clock_timestamp() - query_start > '400ms')`

// hold locks a key until the returned function is called, or the test ends.
func (d *database) hold(t *testing.T, id ration.KeyID) (release func()) {
	t.Helper()
	tx, err := connect(t, d.url).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "SELECT FROM key_usage WHERE api_key_id = $1 FOR UPDATE", [16]byte(id)); err != nil {
		t.Fatal(err)
	}
	release = func() { _ = tx.Rollback(context.Background()) }
	t.Cleanup(release)
	return release
}

package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/postgres"
	"github.com/ration-dev/ration/test/history"
)

// findDeadlocksAfter makes new sessions look for a deadlock after so long. It
// must be less than lock_timeout, which would else end every wait before.
func (d *database) findDeadlocksAfter(t *testing.T, wait time.Duration) {
	t.Helper()
	d.exec(t, fmt.Sprintf(`DO $$ BEGIN EXECUTE format('ALTER DATABASE %%I SET deadlock_timeout = %d', current_database()); END $$`, wait.Milliseconds()))
}

// deadlocks returns how many the server has found, once all other sessions have
// ended: a session reports what it did by then.
func (d *database) deadlocks(t *testing.T) int64 {
	t.Helper()
	d.await(t, "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid())")
	return ask[int64](t, d, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
}

// contend runs batches of the keys, each in another order, on two stores.
func contend(t *testing.T, d *database, keys []ration.KeyID, batches int) {
	t.Helper()
	var wg sync.WaitGroup
	var next atomic.Int64
	for range 2 {
		store := d.open(t, postgres.Config{})
		for range 2 {
			wg.Go(func() {
				for i := next.Add(1); i <= int64(batches) && !t.Failed(); i = next.Add(1) {
					charged := slices.Clone(keys)
					charged = append(charged[i%int64(len(keys)):], charged[:i%int64(len(keys))]...)
					decisions, err := store.Charge(context.Background(), testbatch.Requests(t, charged[:4]...))
					if err != nil {
						t.Errorf("Charge = %v", err)
					}
					for _, code := range codesOf(decisions) {
						if code != ration.CodeOK {
							t.Errorf("got %s", code)
						}
					}
				}
			})
		}
		wg.Go(func() { administer(t, store, keys, &next, int64(batches)) })
	}
	wg.Wait()
}

// administer changes the keys, one by one and many at once, and their plans,
// until the batches are through.
func administer(t *testing.T, store *postgres.Store, keys []ration.KeyID, next *atomic.Int64, batches int64) {
	t.Helper()
	rename := func(change *admin.KeyChange) error {
		change.Key.Name, change.Key.UpdatedAt = "renamed", change.Now
		change.Audit = admin.AuditEntry{Actor: "test", Action: "key.update", Target: change.Key.ID.String()}
		return nil
	}
	reversed := slices.Clone(keys)
	slices.Reverse(reversed)
	for i := 0; next.Load() < batches && !t.Failed(); i++ {
		var err error
		switch i % 3 {
		case 0:
			_, err = store.UpdateKey(context.Background(), keys[i%len(keys)], rename)
		case 1:
			_, err = store.UpdateKeys(context.Background(), reversed, rename)
		case 2:
			_, err = store.UpdatePlan(context.Background(), "plan", func(change *admin.PlanChange) error {
				change.Plan.UpdatedAt = change.Now
				change.Audit = admin.AuditEntry{Actor: "test", Action: "plan.update", Target: "plan:plan"}
				return nil
			})
		}
		if err != nil {
			t.Errorf("changing keys: %v", err)
		}
	}
}

func TestChargesAndAdministrationNeverDeadlock(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.findDeadlocksAfter(t, 20*time.Millisecond)
	var keys []ration.KeyID
	t.Run("contend", func(t *testing.T) { // its stores are closed when it ends
		admin := d.open(t, postgres.Config{})
		createPlan(t, admin, "plan", "1000000000/lifetime")
		for range 8 {
			keys = append(keys, createKey(t, admin, "plan"))
		}
		contend(t, d, keys, contendedBatches)
	})
	if got := d.deadlocks(t); got != 0 {
		t.Errorf("%d deadlocks, want none", got)
	}
	if got := ask[int](t, d, "SELECT sum(used)::int FROM key_usage"); got != 4*contendedBatches {
		t.Errorf("%d are recorded, want %d", got, 4*contendedBatches)
	}
}

// TestDeadlocksThatOthersCauseAreResolved has sessions lock the keys against the
// order, so that charges are chosen as victims.
func TestDeadlocksThatOthersCauseAreResolved(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.findDeadlocksAfter(t, 5*time.Millisecond)
	var offenders atomic.Int64 // victims among the sessions
	var served int64
	t.Run("contend", func(t *testing.T) {
		store := d.open(t, postgres.Config{Lanes: 1})
		createPlan(t, store, "plan", "1000000000/lifetime")
		keys := []ration.KeyID{createKey(t, store, "plan"), createKey(t, store, "plan")}
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		conn := connect(t, d.url)
		wg.Go(func() {
			for ctx.Err() == nil {
				if pgx.BeginFunc(context.Background(), conn, func(tx pgx.Tx) error { return lockBackwards(tx, keys) }) != nil {
					offenders.Add(1)
				}
			}
		})
		victims := func() int64 {
			return ask[int64](t, d, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") - offenders.Load()
		}
		for ; served < 100_000 && (served%50 != 0 || victims() < givenUp/20); served++ {
			if got := charge(t, store, keys...); !slices.Equal(got, []ration.Code{ration.CodeOK, ration.CodeOK}) {
				t.Errorf("got %v", got)
			}
		}
		stop()
		wg.Wait()
		if got := d.used(t, keys[0]); got != served {
			t.Errorf("%d are recorded, %d were admitted", got, served)
		}
	})
	if got := d.deadlocks(t) - offenders.Load(); got < givenUp/20 {
		t.Errorf("only %d deadlocks had a charge as victim", got)
	}
}

// lockBackwards locks keys from the last to the first.
func lockBackwards(tx pgx.Tx, keys []ration.KeyID) error {
	for _, id := range slices.Backward(keys) {
		if _, err := tx.Exec(context.Background(), "SELECT FROM key_usage WHERE api_key_id = $1 FOR UPDATE", [16]byte(id)); err != nil {
			return err
		}
	}
	return nil
}

// TestServerThatGivesUpOneInTenIsNotNoticed makes one in ten transactions fail
// with a serialization failure or a deadlock, where they read and at COMMIT.
func TestServerThatGivesUpOneInTenIsNotNoticed(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 3, 6, ration.EngineConfig{MaxWait: time.Minute})
	f.database.exec(t, "CREATE SEQUENCE given_up") // a sequence is not rolled back
	for _, sql := range []string{
		`
		CREATE FUNCTION give_up() RETURNS void LANGUAGE plpgsql AS $body$
		BEGIN
			IF random() < 0.05 THEN
				PERFORM nextval('given_up');
				IF random() < 0.5 THEN RAISE serialization_failure; ELSE RAISE deadlock_detected; END IF;
			END IF;
		END $body$`, `
		CREATE OR REPLACE FUNCTION ration_now() RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS $body$
		BEGIN PERFORM give_up(); RETURN clock_timestamp(); END $body$`, `
		CREATE FUNCTION give_up_at_commit() RETURNS trigger LANGUAGE plpgsql AS $body$
		BEGIN PERFORM give_up(); RETURN NULL; END $body$`, `
		CREATE CONSTRAINT TRIGGER give_up AFTER INSERT ON charge_batches DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION give_up_at_commit()`,
	} {
		f.database.exec(t, sql)
	}
	watch := connect(t, f.database.url)
	f.run(t, 1, nil, func() bool {
		var n int64
		if err := watch.QueryRow(context.Background(), "SELECT last_value FROM given_up").Scan(&n); err != nil {
			t.Error(err)
		}
		return n >= givenUp
	})
	f.close(t)
	f.check(t)
	served, failed := f.count(history.Admitted)+f.count(history.Denied), f.count(history.Failed)+f.count(history.Unknown)
	if failed*1000 > served {
		t.Errorf("%d charges failed, %d were served; want at most one in a thousand", failed, served)
	}
}

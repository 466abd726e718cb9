package postgres_test

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

const commitWaits = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep')"

// TestCommitWithoutItsStandbyAdmitsNobody has a synchronous standby that is
// away, so that COMMIT waits, and cuts the wait short: the transaction is then
// committed here, and perhaps nowhere else.
func TestCommitWithoutItsStandbyAdmitsNobody(t *testing.T) {
	t.Parallel()
	for name, cutShort := range map[string]func(*testing.T, *database, *testdb.Wire, context.CancelFunc){
		"cancelled": func(t *testing.T, d *database, _ *testdb.Wire, _ context.CancelFunc) {
			d.exec(t, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
		},
		"terminated": func(t *testing.T, d *database, _ *testdb.Wire, _ context.CancelFunc) {
			d.exec(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
		},
		"connection lost": func(t *testing.T, d *database, w *testdb.Wire, giveUp context.CancelFunc) {
			w.BreakAll()
			d.await(t, somebodyWaits) // the batch, sent again, for the one before
			giveUp()
		},
		"connection lost and then cancelled": func(t *testing.T, d *database, w *testdb.Wire, giveUp context.CancelFunc) {
			w.BreakAll()
			d.await(t, somebodyWaits)
			d.exec(t, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
			d.await(t, commitWaits) // what confirms that it was committed
			giveUp()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := migrated(t, testdb.StartCluster(t, nil).DSN())
			w := testdb.NewWire(t, d.url)
			store := (&database{url: w.DSN()}).open(t, postgres.Config{})
			id := createKey(t, store, "")
			d.loseStandby(t)
			t.Cleanup(func() { d.regainStandby(t) }) // before the store is closed
			ctx, giveUp := context.WithCancel(t.Context())
			defer giveUp()
			result := make(chan error, 1)
			go func() {
				for { // until the session knows of the standby
					if _, err := store.Charge(ctx, testbatch.Requests(t, id)); err != nil {
						result <- err
						return
					}
				}
			}()
			d.await(t, commitWaits)
			cutShort(t, d, w, giveUp)
			if err := <-result; !errors.Is(err, ration.ErrOutcomeUnknown) {
				t.Errorf("Charge = %v, want ErrOutcomeUnknown", err)
			}
		})
	}
}

// silencing are settings that hide what happened to a COMMIT.
var silencing = []string{"client_min_messages = error", "exit_on_error = on"}

// TestChangesWithoutTheirStandbyAreSaid has the same for changes by administration
// and for migrations, while the database keeps warnings back.
func TestChangesWithoutTheirStandbyAreSaid(t *testing.T) {
	t.Parallel()
	cluster := testdb.StartCluster(t, nil)
	d := migrated(t, cluster.DSN())
	d.set(t, silencing...)
	store := d.open(t, postgres.Config{})
	id := createKey(t, store, "")
	empty := &database{url: cluster.Database(t)}
	empty.conn = connect(t, empty.url)
	empty.set(t, silencing...)
	d.loseStandby(t)
	t.Cleanup(func() { d.regainStandby(t) }) // before the store is closed
	for name, change := range map[string]func() error{
		"CreateKey": func() error { _, err := store.CreateKey(t.Context(), newKey("")); return err },
		"UpdateKey": func() error { _, err := store.UpdateKey(t.Context(), id, rename); return err },
		"CreatePlan": func() error {
			_, err := store.CreatePlan(t.Context(), func(change *admin.PlanChange) error {
				change.Plan = ration.Plan{Name: strings.ToLower(rand.Text()), CreatedAt: change.Now, UpdatedAt: change.Now}
				change.Audit = admin.AuditEntry{Actor: "test", Action: "plan.create", Target: "plan"}
				return nil
			})
			return err
		},
		"CreateToken": func() error {
			token := admin.Token{Name: rand.Text(), Scopes: []string{"verify"}}
			_, err := store.CreateToken(t.Context(), token, ration.Digest([]byte(rand.Text()+"123456")), admin.AuditEntry{Actor: "test", Action: "token.create", Target: "token"})
			return err
		},
		"Charge": func() error { _, err := store.Charge(t.Context(), testbatch.Requests(t, id)); return err },
		"Migrate": func() error {
			_, _, err := postgres.Migrate(t.Context(), postgres.Config{URL: empty.url})
			return err
		},
	} {
		result := make(chan error, 1)
		go func() {
			for { // until the session knows of the standby, and not while others wait
				if err := change(); err != nil && !(errors.Is(err, ration.ErrStoreUnavailable) && strings.Contains(err.Error(), "SyncRep")) {
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

// TestChangesShareAConnectionOneAfterAnother is for the race detector: a change that
// asked for a COMMIT's warning after its connection had gone to the next one would
// take that one's warning, and leave it none.
func TestChangesShareAConnectionOneAfterAnother(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store := d.open(t, postgres.Config{ReportConns: 1})
	id := createKey(t, store, "")
	var changes sync.WaitGroup
	for range 4 {
		changes.Go(func() {
			for range 10 {
				if _, err := store.UpdateKey(t.Context(), id, rename); err != nil {
					t.Error(err)
				}
			}
		})
	}
	changes.Wait()
}

// rename changes a key to a name that it never had.
func rename(change *admin.KeyChange) error {
	change.Key.Name = rand.Text()
	change.Audit = admin.AuditEntry{Actor: "test", Action: "key.update", Target: change.Key.ID.String()}
	return nil
}

// A way to the server on which warnings get lost would hide the same.
func TestServerWhoseWarningsGetLostIsRefused(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.set(t, silencing...) // which are no reason
	w := testdb.NewWire(t, d.url)
	store := (&database{url: w.DSN()}).open(t, postgres.Config{})
	id := createKey(t, store, "")
	w.SwallowWarnings()
	w.BreakAll()
	for name, ask := range waysIn(t, store, id) {
		for {
			err := ask()
			if err != nil && !errors.Is(err, postgres.ErrUnsafeDurability) && errors.Is(err, ration.ErrStoreUnavailable) {
				continue // the connection from before has just been found broken
			}
			if !errors.Is(err, postgres.ErrUnsafeDurability) {
				t.Errorf("%s = %v, want ErrUnsafeDurability", name, err)
			}
			break
		}
	}
	if _, err := postgres.Open(t.Context(), postgres.Config{URL: w.DSN()}); !errors.Is(err, postgres.ErrUnsafeDurability) {
		t.Errorf("Open = %v, want ErrUnsafeDurability", err)
	}
	if _, _, err := postgres.Migrate(t.Context(), postgres.Config{URL: w.DSN()}); !errors.Is(err, postgres.ErrUnsafeDurability) {
		t.Errorf("Migrate = %v, want ErrUnsafeDurability", err)
	}
	w.Heal() // which is noticed when the tables are looked at again
	_ = awaitError(t, func() error { _, err := store.Charge(t.Context(), testbatch.Requests(t, id)); return err }, nil)
}

func (d *database) loseStandby(t *testing.T) {
	t.Helper()
	d.exec(t, "ALTER SYSTEM SET synchronous_standby_names = 'away'")
	d.exec(t, "SELECT pg_reload_conf()")
	d.await(t, "SELECT current_setting('synchronous_standby_names') = 'away'")
}

func (d *database) regainStandby(t *testing.T) {
	t.Helper()
	d.exec(t, "ALTER SYSTEM RESET synchronous_standby_names")
	d.exec(t, "SELECT pg_reload_conf()")
	d.await(t, "SELECT current_setting('synchronous_standby_names') = ''")
}

// Whether warnings arrive is asked on every connection, so the asking must leave
// nothing in the server's log, where an operator would look for its cause.
func TestAskingForWarningsLeavesNothingInTheLog(t *testing.T) {
	t.Parallel()
	cluster := testdb.StartCluster(t, nil)
	d := migrated(t, cluster.DSN())
	for _, url := range []string{d.url, d.pooled(t, nil).url} {
		store := (&database{url: url}).open(t, postgres.Config{})
		charge(t, store, createKey(t, store, ""))
	}
	if log := cluster.LogTail(); strings.Contains(log, "WARNING") || !strings.Contains(log, "ready to accept connections") {
		t.Errorf("the server's log ends with:\n%s", log)
	}
}

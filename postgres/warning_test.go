package postgres_test

import (
	"context"
	"errors"
	"testing"

	"github.com/ration-dev/ration"
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
					if _, err := store.Charge(ctx, batchOf(t, id)); err != nil {
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

func TestChangeWithoutItsStandbyIsSaid(t *testing.T) {
	t.Parallel()
	d := migrated(t, testdb.StartCluster(t, nil).DSN())
	store := d.open(t, postgres.Config{})
	d.loseStandby(t)
	t.Cleanup(func() { d.regainStandby(t) }) // before the store is closed
	result := make(chan error, 1)
	go func() {
		for {
			if _, err := store.CreateKey(t.Context(), newKey("")); err != nil {
				result <- err
				return
			}
		}
	}()
	d.await(t, commitWaits)
	d.exec(t, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
	if err := <-result; !errors.Is(err, ration.ErrOutcomeUnknown) {
		t.Errorf("CreateKey = %v, want ErrOutcomeUnknown", err)
	}
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

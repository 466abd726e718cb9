package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

// TestBatchIsSentNoLongerThanItsIDIsKept: by an id that was purged, work would be
// done twice.
func TestBatchIsSentNoLongerThanItsIDIsKept(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store := d.open(t, postgres.Config{})
	id := createKey(t, store, "")
	now := ask[time.Time](t, d, "SELECT clock_timestamp()")
	if _, err := postgres.ChargeSince(t.Context(), store, testbatch.Requests(t, id), now.Add(-time.Minute)); err != nil {
		t.Errorf("a minute later: %v", err)
	}
	if _, err := postgres.ChargeSince(t.Context(), store, testbatch.Requests(t, id), now.Add(-5*time.Minute)); !errors.Is(err, ration.ErrOutcomeUnknown) {
		t.Errorf("5 minutes later: %v, want ErrOutcomeUnknown", err)
	}
	if got := d.used(t, id); got != 1 {
		t.Errorf("%d are recorded, want 1", got)
	}
}

// TestAttemptThatIsKnownToBeDeadLeavesNothingUnknown loses a COMMIT on its way there,
// and then keeps the batch, which was sent again and inserted its id, from the key.
func TestAttemptThatIsKnownToBeDeadLeavesNothingUnknown(t *testing.T) {
	t.Parallel()
	d, w, store, id := wiredWith(t, postgres.Config{Lanes: 1}.Patient(8)) // a key is waited for once, and the test must see it
	ctx, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	cutting, mayCut := make(chan struct{}), make(chan struct{})
	w.OnCut(func() {
		close(cutting)
		<-mayCut
	})
	w.CutNext(testdb.CutBeforeCommit, 1)
	told := make(chan error, 1)
	go func() {
		_, err := store.Charge(ctx, testbatch.Requests(t, id))
		told <- err
	}()
	<-cutting
	other := connect(t, d.url)
	pid := other.PgConn().PID()
	locked := make(chan error, 1)
	go func() {
		_, err := other.Exec(t.Context(), "BEGIN; SELECT FROM key_usage FOR UPDATE")
		locked <- err
	}()
	d.await(t, "SELECT cardinality(pg_blocking_pids($1)) > 0", pid) // by the first attempt, which dies now
	w.Refuse()                                                      // or the second attempt may be there before the server has woken the other
	close(mayCut)
	if err := <-locked; err != nil {
		t.Fatal(err)
	}
	w.Heal()
	d.await(t, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid)))", pid) // the second one
	giveUp()
	if err := <-told; !errors.Is(err, ration.ErrStoreUnavailable) || errors.Is(err, ration.ErrOutcomeUnknown) {
		t.Errorf("Charge = %v, want ErrStoreUnavailable: nothing was charged for certain", err)
	}
	if got := d.used(t, id); got != 0 {
		t.Errorf("%d are recorded, want none", got)
	}
}

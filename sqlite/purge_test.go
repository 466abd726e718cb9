package sqlite_test

import (
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/sqlite"
)

// TestPurgeKeepsWhatMayStillBeAskedFor deletes what ended and what is remembered
// once their time is over, and never what is open.
func TestPurgeKeepsWhatMayStillBeAskedFor(t *testing.T) {
	clock := newFakeClock(noon)
	store := open(t, sqlite.Config{Path: newPath(t), Clock: clock.now})
	key := createKey(t, store, "")
	do := func(items ...testbatch.Item) {
		t.Helper()
		for i := range items {
			items[i].KeyID = key
		}
		if _, err := store.Charge(t.Context(), testbatch.Of(t, items...)); err != nil {
			t.Fatal(err)
		}
	}
	ended, open := ration.NewReservationID(), ration.NewReservationID()
	hold := func(id ration.ReservationID) testbatch.Item {
		return testbatch.Item{Charge: ration.Charge{Hold: &ration.Hold{ID: id, TTL: time.Hour, AtExpiry: ration.AtExpiryKeep}}}
	}
	do(hold(ended), hold(open), testbatch.Item{End: &ration.End{ID: ended, Action: ration.EndVoid, Overage: ration.OverageRefuse}})
	do(testbatch.Item{Charge: ration.Charge{Idempotency: &ration.Idempotency{Key: "one"}}})

	do(testbatch.Item{Refund: &ration.Receipt{KeyID: key, Postings: []ration.Posting{{Meter: "requests", Units: 1}}}}) // of five periods

	for _, row := range []struct {
		after time.Duration
		left  string // reservations, idempotency keys and refunds
	}{
		{0, "2 1 5"},
		{ration.IdempotencyRetention, "2 1 5"},
		{ration.IdempotencyRetention + time.Microsecond, "2 0 5"},
		{ration.ReservationRetention, "2 0 5"},
		{ration.ReservationRetention + time.Microsecond, "1 0 5"},
		{ledger.RefundRetention, "1 0 5"},
		{ledger.RefundRetention + time.Microsecond, "1 0 1"},
		{10 * ledger.RefundRetention, "1 0 1"},
	} {
		clock.set(noon.Add(row.after))
		if err := store.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		left, err := store.Rows(t.Context(), "SELECT (SELECT count(*) FROM reservations) || ' ' || (SELECT count(*) FROM idempotency_keys) || ' ' || (SELECT count(*) FROM refunds)")
		if err != nil {
			t.Fatal(err)
		}
		if left[0] != row.left {
			t.Errorf("after %s there are %s reservations, idempotency keys and refunds, want %s", row.after, left[0], row.left)
		}
	}
}

package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testdb"
)

// TestFencedBatchNeverDoesWorkLater keeps the second round trip of a batch, with
// its COMMIT, in the wire while its only caller gives up, and hands it to the
// server afterwards.
func TestFencedBatchNeverDoesWorkLater(t *testing.T) {
	t.Parallel()
	const fenced = "SELECT EXISTS (SELECT FROM charge_batches WHERE api_key_id = $1)"
	for name, row := range map[string]struct {
		until func(*testing.T, *database, ration.KeyID) // when it arrives
		used  int64
	}{
		"it arrives after the fence": {
			until: func(t *testing.T, d *database, id ration.KeyID) { t.Helper(); d.await(t, fenced, [16]byte(id)) },
		},
		"it arrives while the fence waits for it": {
			until: func(t *testing.T, d *database, _ ration.KeyID) { t.Helper(); d.await(t, somebodyWaits) },
			used:  1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, w, store, id := wired(t)
			engine := newEngine(t, store, ration.EngineConfig{})
			ctx, giveUp := context.WithCancel(t.Context())
			defer giveUp()
			w.HoldNext()
			told := make(chan error, 1)
			go func() {
				_, err := engine.Charge(ctx, ration.Charge{KeyID: id})
				told <- err
			}()
			awaitHeld(t, w)
			giveUp()
			if err := <-told; !errors.Is(err, ration.ErrOutcomeUnknown) {
				t.Fatalf("Charge = %v, want ErrOutcomeUnknown", err)
			}
			row.until(t, d, id)
			if got := w.Release(); int64(got) != row.used {
				t.Errorf("the held round trip committed %d times, want %d", got, row.used)
			}
			d.await(t, fenced, [16]byte(id)) // either way the matter is settled
			if got := d.used(t, id); got != row.used {
				t.Errorf("%d are recorded, want %d", got, row.used)
			}
			if _, err := engine.Charge(t.Context(), ration.Charge{KeyID: id}); err != nil {
				t.Errorf("the next charge: %v", err)
			}
			if got := d.used(t, id); got != row.used+1 {
				t.Errorf("%d are recorded after the next charge, want %d", got, row.used+1)
			}
		})
	}
}

// awaitHeld returns when the wire holds a round trip back.
func awaitHeld(t *testing.T, w *testdb.Wire) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for w.Held() == 0 {
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("nothing was held back")
		}
	}
}

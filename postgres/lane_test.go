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

// A server that accepts more slowly than its callers give up must be reached all
// the same, and not be asked for a new connection by each of them.
func TestCallersInAHurryGetTheConnectionThatOthersDidNotWaitFor(t *testing.T) {
	d := newDatabase(t)
	w := testdb.NewWire(t, d.url)
	store := (&database{url: w.DSN(), conn: d.conn}).open(t, postgres.Config{Lanes: 1})
	key := createKey(t, store, "")
	hurry := func(ask func(context.Context) error) error {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		return ask(ctx)
	}
	for name, ask := range map[string]func(context.Context) error{
		"charges": func(ctx context.Context) error {
			_, err := store.Charge(ctx, testbatch.Requests(t, key))
			return err
		},
		"digests": func(ctx context.Context) error {
			_, err := store.ResolveDigests(ctx, []ration.Digest{{}})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer w.Heal()
			w.Delay(50 * time.Millisecond)
			w.BreakAll()
			if err := hurry(ask); !errors.Is(err, ration.ErrStoreUnavailable) {
				t.Fatalf("who gave up got %v", err)
			}
			if err := hurry(ask); err != nil {
				t.Errorf("the next one got %v", err)
			}
		})
	}
	if used := ask[int64](t, d, `SELECT used FROM key_usage`); used != 1 {
		t.Errorf("%d recorded, want 1: nothing is charged for those who gave up", used)
	}
}

// A connection takes seven round trips to make, of half a second each here: longer than
// a server may be silent, but it never is.
func TestServerThatIsSlowButAnswersIsReached(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	w := testdb.NewWire(t, d.url)
	store := (&database{url: w.DSN()}).open(t, postgres.Config{Lanes: 1})
	key := createKey(t, store, "")
	w.Delay(250 * time.Millisecond)
	defer w.Heal()
	w.BreakAll()
	if codes := charge(t, store, key); codes[0] != ration.CodeOK {
		t.Errorf("got %v", codes)
	}
}

func TestReadyAnswersInTimeWhenTheServerDoesNot(t *testing.T) {
	w := testdb.NewWire(t, newDatabase(t).url)
	store := (&database{url: w.DSN()}).open(t, postgres.Config{})
	if err := store.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.BlackHole()
	defer w.Heal()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	if err := store.Ready(ctx); !errors.Is(err, ration.ErrStoreUnavailable) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(start); took > 2*time.Second { // a round trip may take 3 s
		t.Errorf("it took %s", took)
	}
}

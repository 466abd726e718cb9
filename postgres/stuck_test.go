package postgres_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/postgres"
)

// lockTimeout is how long a batch waits for a key.
const lockTimeout = 500 * time.Millisecond

func TestStuckKeyStallsNobodyElse(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store := d.open(t, postgres.Config{Lanes: 1}.Patient(4))
	stuck, other, unknown := createKey(t, store, ""), createKey(t, store, ""), ration.NewKeyID()

	release := lockForGood(t, d, stuck)
	want := []ration.Code{ration.CodeOK, ration.CodeStoreUnavailable, ration.CodeKeyUnknown, ration.CodeOK}
	if got := charge(t, store, other, stuck, unknown, other); !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	start := time.Now()
	for range 5 {
		if got := charge(t, store, other, stuck, unknown, other); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
	if took := time.Since(start); took > 8*time.Second {
		t.Errorf("5 batches after the first took %v: they waited for the lock", took)
	}
	release()
	if got := charge(t, store, stuck, other); !slices.Equal(got, []ration.Code{ration.CodeOK, ration.CodeOK}) {
		t.Errorf("got %v after the lock was released", got)
	}
	if got := d.used(t, other); got != 13 {
		t.Errorf("the other key has %d, want 13", got)
	}
	if got := d.used(t, stuck); got != 1 {
		t.Errorf("the stuck key has %d, want 1", got)
	}
}

// A key that was stuck and has a new holder is a busy key, to be waited for.
func TestKeyThatWasStuckIsWaitedForAgain(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store := d.open(t, postgres.Config{Lanes: 1}.Patient(4))
	id, other := createKey(t, store, ""), createKey(t, store, "")
	release := lockForGood(t, d, id)
	for range 2 {
		if got := charge(t, store, other, id); !slices.Equal(got, []ration.Code{ration.CodeOK, ration.CodeStoreUnavailable}) {
			t.Fatalf("got %v while the key was stuck", got)
		}
	}
	release()
	release = lockForGood(t, d, id)
	codes := make(chan []ration.Code, 1)
	go func() { codes <- charge(t, store, other, id) }()
	d.await(t, somebodyWaits)
	release()
	if got := <-codes; !slices.Equal(got, []ration.Code{ration.CodeOK, ration.CodeOK}) {
		t.Errorf("got %v from a key that somebody else had for a moment", got)
	}
}

// However many keys are stuck at once, they are found out together.
func TestManyStuckKeysAreFoundOutTogether(t *testing.T) {
	t.Parallel()
	const keys = 100
	d := newDatabase(t)
	store := d.open(t, postgres.Config{Lanes: 1})
	createPlan(t, store, "plan")
	charged := fillKeys(t, d, keys, "stuck", "plan")
	want := slices.Repeat([]ration.Code{ration.CodeStoreUnavailable}, keys)
	lockForGood(t, d, charged...)
	charged, want = append(charged, createKey(t, store, "")), append(want, ration.CodeOK)
	ctx, cancel := context.WithTimeout(t.Context(), keys*lockTimeout/4) // a quarter of what they would take one after the other
	defer cancel()
	decisions, err := store.Charge(ctx, testbatch.Requests(t, charged...))
	if err != nil || !slices.Equal(codesOf(decisions), want) {
		t.Errorf("Charge = %v, %v", codesOf(decisions), err)
	}
}

package postgres_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/postgres"
)

func TestStuckKeyStallsNobodyElse(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store := d.open(t, postgres.Config{Lanes: 1})
	stuck, other, unknown := createKey(t, store, ""), createKey(t, store, ""), ration.NewKeyID()

	tx, err := connect(t, d.url).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	if _, err := tx.Exec(t.Context(), "SELECT FROM key_usage WHERE api_key_id = $1 FOR UPDATE", [16]byte(stuck)); err != nil {
		t.Fatal(err)
	}

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
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("5 batches after the first took %v: they waited for the lock", took)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
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

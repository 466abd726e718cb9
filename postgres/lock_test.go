package postgres_test

import (
	"context"
	"testing"

	"github.com/ration-dev/ration"
)

// lockForGood locks keys as somebody's forgotten session would, until the
// returned function is called.
func lockForGood(t *testing.T, d *database, ids ...ration.KeyID) (release func()) {
	t.Helper()
	tx, err := connect(t, d.url).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	for _, id := range ids {
		if _, err := tx.Exec(t.Context(), "SELECT FROM key_usage WHERE api_key_id = $1 FOR UPDATE", [16]byte(id)); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		if err := tx.Rollback(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

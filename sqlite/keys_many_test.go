package sqlite_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/rationadmin"
	"github.com/ration-dev/ration/sqlite"
)

// fillKeys makes keys on a plan.
func fillKeys(t *testing.T, store *sqlite.Store, n int, plan string) {
	t.Helper()
	for _, statement := range []string{
		fmt.Sprintf(`INSERT INTO api_keys (id, name, plan, status, created_at, updated_at)
			WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < %d)
			SELECT randomblob(16), 'key', '%s', 'active', 1, 1 FROM i`, n, plan),
		"INSERT OR IGNORE INTO key_usage (api_key_id, meter) SELECT id, 'requests' FROM api_keys",
	} {
		if err := store.Run(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

// interrupted is a store with a charge in the midst of each chunk of a change.
// The next chunk comes after its answer.
type interrupted struct {
	*sqlite.Store
	charge func(ids []ration.KeyID) []ration.Decision
	chunks [][]ration.Decision
}

func (i *interrupted) UpdateKeys(ctx context.Context, ids []ration.KeyID, update func(*admin.KeyChange) error) ([]admin.KeyRecord, error) {
	answered := make(chan []ration.Decision, 1)
	var once sync.Once
	records, err := i.Store.UpdateKeys(ctx, ids, func(change *admin.KeyChange) error {
		once.Do(func() { go func() { answered <- i.charge(ids) }() })
		return update(change)
	})
	if err == nil {
		i.chunks = append(i.chunks, <-answered)
	}
	return records, err
}

// TestChargesWaitForAChunkAtMost charges while many keys are changed: the charge
// is answered before the next chunk begins, and sees the one before.
func TestChargesWaitForAChunkAtMost(t *testing.T) {
	t.Parallel()
	store := open(t, sqlite.Config{Path: newPath(t)})
	createPlan(t, store, "old", "10/day")
	createPlan(t, store, "new", "20/day")
	other := createKey(t, store, "")
	fillKeys(t, store, 1200, "old")
	between := &interrupted{Store: store, charge: func(ids []ration.KeyID) []ration.Decision {
		decisions, err := store.Charge(t.Context(), testbatch.Requests(t, ids[0], ids[len(ids)-1], other))
		if err != nil {
			t.Errorf("charging: %v", err)
		}
		return decisions
	}}
	target := "new"
	result, err := rationadmin.ChangeAllKeys(t.Context(), admin.New(between, admin.Config{}), "cli:tester", admin.KeysChange{
		Filter: admin.KeyFilter{Plan: "old"}, Action: admin.ActionUpdate, Patch: admin.KeyPatch{Plan: &target},
	})
	if err != nil || result.Changed != 1200 {
		t.Errorf("%+v, %v; want 1200 keys changed", result, err)
	}
	if len(between.chunks) != 3 {
		t.Fatalf("%d chunks, want 3", len(between.chunks))
	}
	for _, decisions := range between.chunks {
		for i, plan := range []string{"new", "new", ""} {
			if got := decisions[i]; !got.Allowed() || got.Plan != plan {
				t.Errorf("%s on plan %q, want it admitted on %q", got.Code, got.Plan, plan)
			}
		}
	}
}

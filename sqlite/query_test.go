package sqlite_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ration-dev/ration/sqlite"
)

// TestQueriesUseTheirIndexes looks at the plans on empty tables and on small
// ones that were analysed, where scanning would seem cheap.
func TestQueriesUseTheirIndexes(t *testing.T) {
	store := open(t, sqlite.Config{Path: newPath(t)})
	createPlan(t, store, "plan", "5/day")
	key := createKey(t, store, "plan")
	inOrder := []string{"the audit log", "audit log of one actor"} // these walk an index on purpose
	for _, state := range []string{"empty", "analysed"} {
		for name, query := range sqlite.HotQueries(key) {
			steps, err := store.Steps(t.Context(), query)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			text := strings.Join(steps, "; ")
			if strings.Contains(text, "TEMP B-TREE") || strings.Contains(text, "SCAN") && !slices.Contains(inOrder, name) {
				t.Errorf("%s, %s: %s", name, state, text)
			}
		}
		charge(t, store, key)
		if err := store.Run(t.Context(), "ANALYZE"); err != nil {
			t.Fatal(err)
		}
	}
}

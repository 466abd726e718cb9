package sqlite_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sqladmin"
	"github.com/ration-dev/ration/internal/storetest"
	"github.com/ration-dev/ration/internal/testquery"
	"github.com/ration-dev/ration/sqlite"
)

// TestListsOfKeysReadByTheirIndexes looks at all that pages ask. Only what is read of the
// keys of the page is sorted, and a list without a condition begins at the primary key.
func TestListsOfKeysReadByTheirIndexes(t *testing.T) {
	store := open(t, sqlite.Config{Path: newPath(t)})
	createPlan(t, store, "p", "5/day")
	for range 5 {
		createKey(t, store, "p")
	}
	for _, state := range []string{"new", "analysed"} {
		for _, filter := range listFilters() {
			after := filter
			after.After = admin.KeyPosition{ID: createKey(t, store, "p"), Text: "a"}
			for _, filter := range []admin.KeyFilter{filter, after} {
				for _, few := range []int{0, 100} {
					wantIndexes(t, store, state, filter, few)
				}
			}
		}
		if err := store.Run(t.Context(), "ANALYZE"); err != nil {
			t.Fatal(err)
		}
	}
}

func wantIndexes(t *testing.T, store *sqlite.Store, state string, filter admin.KeyFilter, few int) {
	t.Helper()
	_, asked, err := testquery.ListKeys(t.Context(), sqlite.Administered(store), filter, sqladmin.KeyBounds{Few: few, Looked: 4})
	if err != nil || len(asked) == 0 {
		t.Fatalf("%d queries, %v", len(asked), err)
	}
	for _, query := range asked {
		if !strings.Contains(query.SQL, "LIMIT") {
			continue // by the ids of keys that were found
		}
		steps, err := store.Steps(context.Background(), sqlite.Query{Text: query.SQL, Values: make([]any, len(query.Args))})
		if err != nil {
			t.Fatalf("%s: %v", query.SQL, err)
		}
		for _, step := range steps {
			scan := strings.Contains(step, "SCAN") && !strings.Contains(step, "INDEX") && !strings.HasSuffix(step, "SCAN k")
			if scan || strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("%s, %s: %s\n%s", state, fmt.Sprintf("%+v", filter), query.SQL, step)
			}
		}
	}
}

// listFilters are filters of all kinds, in all orders.
func listFilters() (filters []admin.KeyFilter) {
	for _, filter := range []admin.KeyFilter{
		{},
		{Owner: "o"},
		{Plan: "p"},
		{Name: "n"},
		{Status: "active"},
		{Owner: "o", Plan: "p", Status: "active"},
		{SecretStart: "rk"},
		{Owners: []string{"o", "q"}, Plans: []string{"p", "r"}},
		{Unlimited: admin.UnlimitedAny},
		{Search: "te"},
		{Search: "te rk", Status: "active"},
	} {
		for _, sort := range []admin.KeySort{"", admin.SortByName, admin.SortByOwner} {
			for _, descending := range []bool{false, true} {
				filter.Sort, filter.Descending = sort, descending
				filters = append(filters, filter)
			}
		}
	}
	return filters
}

func TestKeysWithoutWordsAreFound(t *testing.T) {
	store := open(t, sqlite.Config{Path: newPath(t)})
	storetest.RunWordless(t, store, func(statement string) {
		if err := store.Run(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}, "0")
}

package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sqladmin"
	"github.com/ration-dev/ration/internal/storetest"
	"github.com/ration-dev/ration/internal/testquery"
	"github.com/ration-dev/ration/postgres"
)

// TestListsOfKeysNeverScanOrSort looks at the plans of all that pages ask, on tables about
// which PostgreSQL knows much or nothing.
func TestListsOfKeysNeverScanOrSort(t *testing.T) {
	t.Parallel()
	for name, fill := range map[string]func(*testing.T, *database){
		"empty": func(*testing.T, *database) {},
		"large": func(t *testing.T, d *database) { fillTables(t, d, 300) },
		"known": func(t *testing.T, d *database) { fillTables(t, d, 300); d.exec(t, "ANALYZE") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDatabase(t)
			fill(t, d)
			store := d.open(t, postgres.Config{})
			for _, filter := range listFilters() {
				for _, few := range []int{0, 100} {
					wantOrderOfIndexes(t, d, store, filter, few)
				}
			}
		})
	}
}

func wantOrderOfIndexes(t *testing.T, d *database, store *postgres.Store, filter admin.KeyFilter, few int) {
	t.Helper()
	_, asked, err := testquery.ListKeys(t.Context(), postgres.Administered(store), filter, sqladmin.KeyBounds{Few: few, Looked: 4})
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range asked {
		if !strings.Contains(query.SQL, "LIMIT") {
			continue // by the ids of keys that were found
		}
		plan := d.planOf(t, &query, postgres.ListInOrderSQL)
		for _, wrong := range []string{"Sort", "Seq Scan on api_keys", "Seq Scan on key_words", "Seq Scan on api_key_secrets", "Bitmap"} {
			if strings.Contains(plan, wrong) && !strings.Contains(plan, "SubPlan") {
				t.Errorf("%s has a %s:\n%s\n%s", fmt.Sprintf("%+v", filter), wrong, query.SQL, plan)
			}
		}
	}
}

// planOf returns the plan of what was asked, if a query precedes it.
func (d *database) planOf(t *testing.T, query *testquery.Asked, before string) string {
	t.Helper()
	tx, err := d.conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	sql, params := postgres.Numbered(query)
	rows, err := tx.Query(t.Context(), "EXPLAIN "+sql, params...)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return strings.Join(lines, "\n")
}

// listFilters are filters of all kinds, each in all orders, from the start or from a place.
func listFilters() (filters []admin.KeyFilter) {
	after := admin.KeyPosition{ID: ration.NewKeyID(), Text: "n"}
	for _, filter := range []admin.KeyFilter{
		{},
		{Owner: "o"},
		{Plan: "p1"},
		{Name: "n"},
		{Status: "active"},
		{Owner: "o", Plan: "p1", Status: "active"},
		{SecretStart: "a"},
		{Owners: []string{"o", "q"}, Plans: []string{"p1", "p2"}},
		{Unlimited: admin.UnlimitedAny},
		{Search: "n"},
		{Search: "n a", Status: "active"},
	} {
		for _, place := range []admin.KeyFilter{
			{}, {Descending: true, After: after}, {Sort: admin.SortByName, After: after}, {Sort: admin.SortByName, Descending: true}, {Sort: admin.SortByOwner, Descending: true, After: after},
		} {
			filter.Sort, filter.Descending, filter.After, filter.Limit = place.Sort, place.Descending, place.After, 3
			filters = append(filters, filter)
		}
	}
	return filters
}

func TestKeysWithoutWordsAreFound(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	storetest.RunWordless(t, d.open(t, postgres.Config{}), func(statement string) { d.exec(t, statement) }, "'1970-01-01'")
}

// A page took 200 ms to compile: what a list forbids makes all that is left seem costly.
func TestReadsAreNeitherCompiledNorParallel(t *testing.T) {
	t.Parallel()
	store := newDatabase(t).open(t, postgres.Config{})
	for name, want := range map[string]string{"jit": "off", "max_parallel_workers_per_gather": "0"} {
		if value, err := postgres.SettingOfReads(t.Context(), store, name); err != nil || value != want {
			t.Errorf("%s is %q, %v; want %q", name, value, err, want)
		}
	}
}

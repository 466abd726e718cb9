package postgres_test

import (
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testquery"
	"github.com/ration-dev/ration/postgres"
)

// TestPartsOfADayAreFoundByTheIndex looks at the plans of a part of a report: neither the
// search for its end nor its sums may read the whole day. The keys of a part are found by
// their range, too, since it would otherwise be joined with all keys.
func TestPartsOfADayAreFoundByTheIndex(t *testing.T) {
	t.Parallel()
	for name, fill := range map[string]func(*testing.T, *database){
		"empty": func(*testing.T, *database) {},
		"small": func(t *testing.T, d *database) { fillTables(t, d, 10); d.exec(t, "ANALYZE") },
		"large": func(t *testing.T, d *database) { fillTables(t, d, 5000) },
		"known": func(t *testing.T, d *database) { fillTables(t, d, 5000); d.exec(t, "ANALYZE") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDatabase(t)
			fill(t, d)
			store := d.open(t, postgres.Config{})
			for _, rows := range []int{1, 100, 100_000} {
				end, sums, err := testquery.PartOfDay(t.Context(), postgres.Administered(store), ration.DateID(2026, 7, 15), ration.KeyID{0x80}, rows)
				if err != nil {
					t.Fatal(err)
				}
				plan := d.planOf(t, &end, postgres.ListInOrderSQL)
				if !strings.Contains(plan, "Index Only Scan using usage_days_date") || !strings.Contains(plan, "Index Cond: ((ROW(date, api_key_id) > ROW(") || strings.Contains(plan, "Sort") {
					t.Errorf("the end of a part of %d rows is not found by the index:\n%s", rows, plan)
				}
				if name == "empty" || name == "small" {
					continue // reading all is the quickest
				}
				plan = d.planOf(t, &sums, "SELECT 1")
				for _, condition := range []string{"Index Cond: ((date = ", " AND (api_key_id > ", "(id > "} {
					if !strings.Contains(plan, condition) {
						t.Errorf("the sums of a part are without %q:\n%s", condition, plan)
					}
				}
			}
		})
	}
}

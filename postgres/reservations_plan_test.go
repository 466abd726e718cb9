package postgres_test

import (
	"strings"
	"testing"

	"github.com/ration-dev/ration/postgres"
)

// TestReservationsAreFoundByTheirIndexes looks for the conditions by which plans
// look rows up; by fewer a statement would read more the more a key has.
func TestReservationsAreFoundByTheirIndexes(t *testing.T) {
	t.Parallel()
	conditions := map[string][]string{
		"other meters":       {"(api_key_id = ANY ("},
		"named reservations": {"((api_key_id = d.api_key_id) AND (id = d.id))", "(id = d.id)"},
		"replays":            {"((api_key_id = d.api_key_id) AND (key = d.key))"},
		"refunds": {
			"((api_key_id = d.api_key_id) AND (meter = 'requests'::text) AND (date = d.date))",
			"((date = d.date) AND (api_key_id = d.api_key_id) AND (meter = 'requests'::text))",
		},
		"refunded":           {"((api_key_id = d.api_key_id) AND (meter = d.meter) AND (period = d.period) AND (label = d.label))"},
		"open":               {"((api_key_id = d.api_key_id) AND (expires_at <= $2))"},
		"open later":         {"((api_key_id = d.api_key_id) AND (expires_at > $2))"},
		"post usage":         {"((api_key_id = d.api_key_id) AND (meter = d.meter))"},
		"purge reservations": {"((ended_at IS NOT NULL) AND (ended_at < ", "(ended_at < "},
		"purge replays":      {"(created_at < "},
		"purge refunds":      {"(created_at < "},
		"purge days":         {"(date < "},
		"purge traffic":      {"(hour < "},
		"purge audit":        {"(at < "},
		"end reservations":   {"((api_key_id = d.api_key_id) AND (id = d.id))", "(id = d.id)"},
		"forget replays":     {"((api_key_id = d.api_key_id) AND (key = d.key))"},
	}
	for name, fill := range map[string]func(*testing.T, *database){
		"empty": func(*testing.T, *database) {},
		"small": func(t *testing.T, d *database) { fillTables(t, d, 10); d.exec(t, "ANALYZE") },
		"large": func(t *testing.T, d *database) { fillTables(t, d, 5000) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDatabase(t)
			fill(t, d)
			for statement, wanted := range conditions {
				plan := genericPlan(t, d, postgres.StatementSQL()[statement], postgres.InOrderSQL)
				if !hasCondition(plan, wanted) {
					t.Errorf("%s is not found by any of %q:\n%s", statement, wanted, plan)
				}
			}
		})
	}
}

func hasCondition(plan string, wanted []string) bool {
	for _, condition := range wanted {
		if strings.Contains(plan, "Index Cond: "+condition) {
			return true
		}
	}
	return false
}

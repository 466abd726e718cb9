package postgres_test

import (
	"regexp"
	"testing"

	"github.com/ration-dev/ration/postgres"
)

// byPrimaryKey is in a plan that looks each key up; to walk the whole index
// would be no better than to scan the table.
var byPrimaryKey = regexp.MustCompile(`Index Cond: \(+(api_key_)?id = ANY \(`)

// TestChangesOfManyKeysNeverScanATable: their locks are held meanwhile.
func TestChangesOfManyKeysNeverScanATable(t *testing.T) {
	t.Parallel()
	for name, keys := range map[string]int{"empty": 0, "large": 5000} {
		d := newDatabase(t)
		fillTables(t, d, keys)
		for statement, sql := range postgres.KeysSQL() {
			if plan := genericPlan(t, d, sql); !byPrimaryKey.MatchString(plan) {
				t.Errorf("%s of a database that is %s does not use the primary key:\n%s", statement, name, plan)
			}
		}
	}
}

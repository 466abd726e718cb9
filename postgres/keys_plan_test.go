package postgres_test

import (
	"strings"
	"testing"

	"github.com/ration-dev/ration/postgres"
)

// TestChangesOfManyKeysNeverScanATable: their locks are held meanwhile.
func TestChangesOfManyKeysNeverScanATable(t *testing.T) {
	t.Parallel()
	for name, keys := range map[string]int{"empty": 0, "large": 5000} {
		d := newDatabase(t)
		fillTables(t, d, keys)
		for statement, sql := range postgres.KeysSQL() {
			if plan := genericPlan(t, d, sql); strings.Contains(plan, "Seq Scan") || !strings.Contains(plan, "_pkey") {
				t.Errorf("%s of an %s database does not use the primary key:\n%s", statement, name, plan)
			}
		}
	}
}

package postgres

import (
	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/sqladmin"
)

// KeysSQL returns what is read of many keys while they are locked, for a test of
// its plans.
func KeysSQL() map[string]string {
	statements := map[string]string{"lock": lockKeysSQL}
	for name, sql := range map[string]string{"keys": sqladmin.KeysByID, "secrets": sqladmin.KeySecrets, "overrides": sqladmin.KeyOverrides} {
		statements[name], _ = numbered(sql, []any{[]ration.KeyID{}})
	}
	return statements
}

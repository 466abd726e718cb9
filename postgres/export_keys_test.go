package postgres

import (
	"context"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/sqladmin"
	"github.com/ration-dev/ration/internal/testquery"
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

// Administered returns what administration works on.
func Administered(s *Store) sqladmin.DB { return administered{s} }

// Numbered returns a query as the server gets it.
func Numbered(asked *testquery.Asked) (sql string, params []any) {
	return numbered(asked.SQL, asked.Args)
}

// ListInOrderSQL precedes the statements of lists of keys.
const ListInOrderSQL = listInOrderSQL

// SettingOfReads returns a setting of the server as reports and lists have it.
func SettingOfReads(ctx context.Context, s *Store, name string) (value string, err error) {
	err = s.read(ctx, "reading a setting", func(ctx context.Context, q querier) error {
		return query(ctx, q, "SELECT current_setting($1)", func(r *row) { value = r.text() }, name)
	})
	return value, err
}

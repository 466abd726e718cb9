package count

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Ration reads what a database of Ration says that its keys have used, past Ration: it
// is asked what it holds, and not what a server believes. Keys go by their names.
type Ration struct {
	Database string // as RATION_DB has it
}

const usedQuery = "SELECT k.name, u.used FROM key_usage u JOIN api_keys k ON k.id = u.api_key_id WHERE u.meter = 'requests'"

// Used implements [Reader].
func (r Ration) Used(ctx context.Context) (map[string]int64, error) {
	if path, file := strings.CutPrefix(r.Database, "sqlite:"); file {
		db, err := OpenSQLite(ctx, path)
		if err != nil {
			return nil, err
		}
		defer func() { _ = db.Close() }()
		return usedOf(ctx, db, usedQuery)
	}
	conn, err := pgx.Connect(ctx, r.Database)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, usedQuery)
	if err != nil {
		return nil, err
	}
	return collect(rows)
}

// collect reads rows of a key and a number.
func collect(rows pgx.Rows) (map[string]int64, error) {
	used := make(map[string]int64)
	var key string
	var n int64
	_, err := pgx.ForEachRow(rows, []any{&key, &n}, func() error {
		used[key] = n
		return nil
	})
	return used, err
}

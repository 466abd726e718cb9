// Package count has ways to count requests by key that Ration is measured beside, and
// Ration's engine in the same form. Each checks a limit that no measurement reaches.
package count

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Limit is what a key may have in a day: all ways check a limit, and none is measured
// refusing.
const Limit = 1_000_000_000

// Counter counts requests. Its methods may be called from any goroutine.
type Counter interface {
	// Count adds n to what a key has used, and reports whether the limit had room for it.
	Count(ctx context.Context, key string, n int64) (admitted bool, err error)
	Close(ctx context.Context) error
}

// Reader is a counter that can tell what it has counted.
type Reader interface {
	// Used returns what each key has used; keys that have used nothing may be missing.
	Used(ctx context.Context) (map[string]int64, error)
}

// ways are all ways to count, by name. What opens one gets the URL or path of the
// database.
var ways = map[string]func(ctx context.Context, database string) (Counter, error){
	"engine":          openEngine,
	"memory":          func(context.Context, string) (Counter, error) { return NewMemory(), nil },
	"redis":           func(ctx context.Context, address string) (Counter, error) { return OpenRedis(ctx, address) },
	"upsert-postgres": func(ctx context.Context, url string) (Counter, error) { return OpenUpsertPostgres(ctx, url) },
	"upsert-sqlite":   func(ctx context.Context, path string) (Counter, error) { return OpenUpsertSQLite(ctx, path) },
}

// Open opens a way to count on a database.
func Open(ctx context.Context, way, database string) (Counter, error) {
	open, known := ways[way]
	if !known {
		names := make([]string, 0, len(ways))
		for name := range ways {
			names = append(names, name)
		}
		slices.Sort(names)
		return nil, fmt.Errorf("no way to count is named %q: use one of %s", way, strings.Join(names, ", "))
	}
	return open(ctx, database)
}

package dbcopy

import "context"

// RunInChunks is Run with transactions of a few rows.
func RunInChunks(ctx context.Context, config Config, rows int) ([]Compared, error) {
	return run(ctx, config, rows)
}

// Tables are the names of all that is copied.
func Tables() (names []string) {
	for _, table := range allTables {
		names = append(names, table.name)
	}
	return names
}

package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// writeBatch is statements of administration that travel together: one round trip,
// however many they are.
type writeBatch struct {
	pgx.Batch
	explain []func(error) error // of each statement
}

// add queues a statement. Explain says what its failure means.
func (b *writeBatch) add(explain func(error) error, sql string, args ...any) {
	b.Queue(sql, args...)
	b.explain = append(b.explain, explain)
}

// run runs the statements in their order, up to the first that fails.
func (t tx) run(ctx context.Context, b *writeBatch) error {
	results := t.SendBatch(ctx, &b.Batch)
	for _, explain := range b.explain {
		if _, err := results.Exec(); err != nil {
			_ = results.Close() // repeats the error
			return explain(&driverError{err})
		}
	}
	if err := results.Close(); err != nil {
		return &driverError{err}
	}
	return nil
}

// asItIs is for statements that can violate nothing.
func asItIs(err error) error { return err }

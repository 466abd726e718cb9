package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration"
)

// writeBatch is statements of administration that travel together: one round trip,
// however many they are.
type writeBatch struct {
	pgx.Batch
	writes []queuedWrite // one for each statement
}

type queuedWrite struct {
	explain func(error) error
	one     bool // it has to write one row
}

// add queues a statement. Explain says what its failure means.
func (b *writeBatch) add(explain func(error) error, sql string, args ...any) {
	b.Queue(sql, args...)
	b.writes = append(b.writes, queuedWrite{explain: explain})
}

// addOne is add for a statement that has to write one row: see withheld.
func (b *writeBatch) addOne(explain func(error) error, sql string, args ...any) {
	b.add(explain, sql, args...)
	b.writes[len(b.writes)-1].one = true
}

// run runs the statements in their order, up to the first that fails.
func (t tx) run(ctx context.Context, b *writeBatch) error {
	results := t.SendBatch(ctx, &b.Batch)
	for _, write := range b.writes {
		tag, err := results.Exec()
		if err != nil {
			_ = results.Close() // repeats the error
			return write.explain(&driverError{err})
		}
		if write.one && tag.RowsAffected() != 1 {
			_ = results.Close()
			return withheld(tag.RowsAffected())
		}
	}
	if err := results.Close(); err != nil {
		return &driverError{err}
	}
	return nil
}

// asItIs is for statements that can violate nothing.
func asItIs(err error) error { return err }

// withheld is the error of a change whose row a trigger, a rule or row security has
// kept back, and which would be told as made.
func withheld(written int64) error {
	return fmt.Errorf("%w: %d rows were written, not 1", ration.ErrStoreUnavailable, written)
}

// execOne runs a statement that has to write one row.
func (t tx) execOne(ctx context.Context, sql string, args ...any) error {
	written, err := t.exec(ctx, sql, args...)
	if err == nil && written != 1 {
		err = withheld(written)
	}
	return err
}

package dbcopy

import (
	"context"
	"errors"
	"fmt"

	"github.com/ration-dev/ration/postgres"
)

// prepare makes the target bear the mark of this attempt.
func (c *copier) prepare(ctx context.Context) error {
	tx, err := c.to.begin(ctx)
	if err != nil {
		return err
	}
	if err := c.prepareIn(ctx, tx); err != nil {
		return errors.Join(err, tx.rollback(ctx))
	}
	if err := tx.commit(ctx); err != nil {
		return err
	}
	return c.to.refuseInUse(ctx) // an instance that was started before the mark
}

func (c *copier) prepareIn(ctx context.Context, tx transaction) error {
	have, err := version(ctx, tx)
	if err != nil {
		return err
	}
	want, err := version(ctx, c.source)
	if err != nil {
		return err
	}
	if known := postgres.SchemaVersion(); max(have, want) > known {
		return &UnknownSchemaError{Have: max(have, want), Known: known}
	}
	if have != want {
		return fmt.Errorf("the target has schema version %d and the source %d: begin with a new target", have, want)
	}
	for _, table := range allTables {
		if c.columns[table.name], err = readColumns(ctx, table, c.source, tx); err != nil {
			return err
		}
	}
	marked, err := isMarked(ctx, tx)
	if err != nil {
		return err
	}
	if marked {
		return takeOver(ctx, tx, c.from.name(), c.attempt)
	}
	for _, table := range allTables {
		rows, err := tx.number(ctx, "SELECT count(*) FROM "+table.name)
		if err != nil {
			return err
		}
		if rows > 0 {
			return &NotEmptyError{Place: c.to.name(), Table: table.name}
		}
	}
	return mark(ctx, tx, c.from.name(), c.attempt)
}

// readColumns asks the one of two databases that tells types apart.
func readColumns(ctx context.Context, t table, sides ...transaction) ([]column, error) {
	for _, side := range sides {
		if server, ok := side.(*serverTx); ok {
			return server.columns(ctx, t)
		}
	}
	return nil, errors.New("neither database is on a PostgreSQL server")
}

// expect counts the rows that will be read, each to be copied and to be compared.
func (c *copier) expect(ctx context.Context, progress func(total int) func(int)) error {
	c.progress = func(int) {}
	if progress == nil {
		return nil
	}
	total := 0
	for _, table := range allTables {
		rows, err := c.source.number(ctx, "SELECT count(*) FROM "+table.name)
		if err != nil {
			return err
		}
		total += 2 * int(rows)
	}
	c.progress = progress(total)
	return nil
}

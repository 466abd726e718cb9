package dbcopy

import (
	"context"
	"errors"
	"fmt"

	"github.com/ration-dev/ration/internal/admin"
)

// A target is marked by a version of its schema that no release has, so that none
// opens it, older ones included; and by a table that tells the source, and which
// attempt writes: one that was believed dead then writes no more.

var errOvertaken = errors.New("another copy to the same target has begun meanwhile")

func isMarked(ctx context.Context, tx transaction) (bool, error) {
	count, err := tx.number(ctx, fmt.Sprintf("SELECT count(*) FROM goose_db_version WHERE version_id = %d", admin.UnfinishedCopy))
	return count > 0, err
}

func mark(ctx context.Context, tx transaction, source, attempt string) error {
	for _, statement := range []struct {
		text   string
		values []any
	}{
		{"CREATE TABLE copy_progress (source text NOT NULL, attempt text NOT NULL)", nil},
		{"INSERT INTO copy_progress (source, attempt) VALUES (?1, ?2)", []any{source, attempt}},
		{fmt.Sprintf("INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, true)", admin.UnfinishedCopy), nil},
	} {
		if _, err := tx.exec(ctx, statement.text, statement.values...); err != nil {
			return err
		}
	}
	return nil
}

// takeOver makes an unfinished copy this attempt's.
func takeOver(ctx context.Context, tx transaction, source, attempt string) error {
	begun, err := tx.text(ctx, "SELECT source FROM copy_progress")
	if err != nil {
		return err
	}
	if begun != source {
		return &OtherSourceError{Begun: begun, Given: source}
	}
	_, err = tx.exec(ctx, "UPDATE copy_progress SET attempt = ?1", attempt)
	return err
}

// hold keeps other attempts out for as long as a transaction lasts.
func hold(ctx context.Context, tx transaction, attempt string) error {
	changed, err := tx.exec(ctx, "UPDATE copy_progress SET attempt = attempt WHERE attempt = ?1", attempt)
	if err == nil && changed == 0 {
		err = errOvertaken
	}
	return err
}

func unmark(ctx context.Context, tx transaction) error {
	_, err := tx.exec(ctx, "DROP TABLE copy_progress")
	if err == nil {
		_, err = tx.exec(ctx, fmt.Sprintf("DELETE FROM goose_db_version WHERE version_id = %d", admin.UnfinishedCopy))
	}
	return err
}

// keepLeast makes the target need the builds that the source needs: those that know
// units of meters, if there are any.
func keepLeast(ctx context.Context, source, target transaction) error {
	least, err := source.number(ctx, "SELECT coalesce(max(least_version), 0) FROM schema_compatibility")
	if err == nil {
		_, err = target.exec(ctx, "UPDATE schema_compatibility SET least_version = ?1 WHERE least_version < ?1", least)
	}
	return err
}

// goOnNumbering makes a server number events after those that were copied: their order is
// that in which they happened. A file goes on after its last one by itself.
func goOnNumbering(ctx context.Context, target transaction) error {
	server, ok := target.(*serverTx)
	if !ok {
		return nil
	}
	_, err := server.number(ctx, "SELECT setval(pg_get_serial_sequence('events', 'seq'), (SELECT coalesce(max(seq), 0) + 1 FROM events), false)")
	return err
}

// version returns the version of the schema, the mark left out.
func version(ctx context.Context, tx transaction) (int64, error) {
	return tx.number(ctx, fmt.Sprintf("SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE version_id <> %d", admin.UnfinishedCopy))
}

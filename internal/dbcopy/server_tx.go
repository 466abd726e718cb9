package dbcopy

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration/internal/pgcommit"
)

// serverTx is a transaction on a PostgreSQL database.
type serverTx struct{ tx pgx.Tx }

func (t *serverTx) exec(ctx context.Context, statement string, values ...any) (int64, error) {
	tag, err := t.tx.Exec(ctx, numbered(statement), values...)
	return tag.RowsAffected(), err
}

func (t *serverTx) number(ctx context.Context, query string) (number int64, err error) {
	err = t.tx.QueryRow(ctx, query).Scan(&number)
	return number, err
}

func (t *serverTx) text(ctx context.Context, query string) (text string, err error) {
	err = t.tx.QueryRow(ctx, query).Scan(&text)
	return text, err
}

// columns returns the columns of a table.
func (t *serverTx) columns(ctx context.Context, of table) ([]column, error) {
	rows, err := t.tx.Query(ctx, `
		SELECT a.attname, t.typname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
		WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`, of.name)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (c column, err error) {
		err = r.Scan(&c.name, &c.kind)
		if _, known := readAs[c.kind]; err == nil && !known {
			err = fmt.Errorf("column %s of table %s has type %s, which this release can't copy", c.name, of.name, c.kind)
		}
		return c, err
	})
}

// readAs makes of a column what SQLite has. All of it is exact.
var readAs = map[kind]string{
	kindText:    "%s",
	kindInt:     "%s",
	kindBytes:   "%s",
	kindFlag:    "%s::int::bigint",
	kindID:      "uuid_send(%s)",
	kindInstant: "(extract(epoch FROM %s) * 1000000)::bigint",
	kindDate:    "to_char(%s, 'YYYY-MM-DD')",
	kindList:    "array_to_json(%s)::text",
	kindJSON:    "%s::text",
}

func (t *serverTx) rows(ctx context.Context, from table, columns []column) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		rows, err := t.tx.Query(ctx, selectSQL(from, columns))
		if err != nil {
			yield(nil, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			values, err := rows.Values()
			r := row(values)
			if err == nil {
				err = r.normalize(columns)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// selectSQL sorts text byte by byte, as SQLite does.
func selectSQL(from table, columns []column) string {
	var selected, order []string
	for _, column := range columns {
		selected = append(selected, fmt.Sprintf(readAs[column.kind], column.name))
	}
	for _, name := range from.order {
		for _, column := range columns {
			switch {
			case column.name == name && column.kind == kindText:
				order = append(order, name+` COLLATE "C"`)
			case column.name == name:
				order = append(order, from.name+"."+name)
			}
		}
	}
	return fmt.Sprintf("SELECT %s FROM %s ORDER BY %s", strings.Join(selected, ", "), from.name, strings.Join(order, ", "))
}

func (t *serverTx) insert(ctx context.Context, into table, columns []column, rows []row) error {
	source := pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) { return rows[i].forPostgres(columns) })
	_, err := t.tx.CopyFrom(ctx, pgx.Identifier{into.name}, names(columns), source)
	return err
}

// commit takes a warning for an error: the standby that it speaks of may be the
// primary by the time that somebody looks for the copy.
func (t *serverTx) commit(ctx context.Context) error {
	conn := t.tx.Conn().PgConn()
	pgcommit.TakeWarning(conn)
	err := t.tx.Commit(ctx)
	if warning := pgcommit.TakeWarning(conn); warning != "" {
		err = errors.Join(err, pgcommit.WarningError(warning))
	}
	return err
}

func (t *serverTx) rollback(ctx context.Context) error {
	if err := t.tx.Rollback(context.WithoutCancel(ctx)); !errors.Is(err, pgx.ErrTxClosed) {
		return err
	}
	return nil
}

// numbered writes the parameters as PostgreSQL has them.
func numbered(statement string) string { return strings.ReplaceAll(statement, "?", "$") }

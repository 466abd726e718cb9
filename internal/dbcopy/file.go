package dbcopy

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/ration-dev/ration/sqlite"
)

// file is a SQLite database, locked as by a server.
type file struct {
	path string
	db   *sql.DB
	lock io.Closer
}

var _ side = (*file)(nil)

// openFile opens a database that is there and is Ration's. A source is never written.
func openFile(ctx context.Context, path string, isSource bool) (*file, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	lock, err := sqlite.Lock(ctx, absolute)
	if err != nil {
		return nil, err
	}
	// The time to wait for another program's lock comes first; FULL flushes each commit.
	settings, begin := []string{"busy_timeout(2000)", "foreign_keys(1)", "synchronous(2)"}, "immediate"
	if isSource {
		settings, begin = append(settings, "query_only(1)"), "deferred"
	}
	query := url.Values{"mode": {"rw"}, "_pragma": settings, "_txlock": {begin}}
	slashed := "/" + strings.TrimPrefix(filepath.ToSlash(absolute), "/") // before a Windows drive, too
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: slashed, RawQuery: query.Encode()}).String())
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	db.SetMaxOpenConns(1)
	return &file{path: absolute, db: db, lock: lock}, nil
}

func (f *file) name() string { return "sqlite:" + f.path }

func (f *file) begin(ctx context.Context) (transaction, error) {
	tx, err := f.db.BeginTx(ctx, nil)
	return fileTx{tx}, err
}

func (f *file) refuseInUse(context.Context) error { return nil } // it is locked

func (f *file) close() error { return errors.Join(f.db.Close(), f.lock.Close()) }

// fileTx is a transaction on a file.
type fileTx struct{ tx *sql.Tx }

func (t fileTx) exec(ctx context.Context, statement string, values ...any) (int64, error) {
	result, err := t.tx.ExecContext(ctx, statement, values...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (t fileTx) number(ctx context.Context, query string) (number int64, err error) {
	err = t.tx.QueryRowContext(ctx, query).Scan(&number)
	return number, err
}

func (t fileTx) text(ctx context.Context, query string) (text string, err error) {
	err = t.tx.QueryRowContext(ctx, query).Scan(&text)
	return text, err
}

func (t fileTx) rows(ctx context.Context, from table, columns []column) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		query := fmt.Sprintf("SELECT %s FROM %s ORDER BY %s", strings.Join(names(columns), ", "), from.name, strings.Join(from.order, ", ")) //nolint:gosec // the names are this package's and the schema's
		rows, err := t.tx.QueryContext(ctx, query)
		if err != nil {
			yield(nil, err)
			return
		}
		defer func() { _ = rows.Close() }() // whose error Err has, too
		for rows.Next() {
			r, err := scan(rows, columns)
			if !yield(r, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, err)
		}
	}
}

func scan(rows *sql.Rows, columns []column) (row, error) {
	r := make(row, len(columns))
	places := make([]any, len(columns))
	for i := range r {
		places[i] = &r[i]
	}
	if err := rows.Scan(places...); err != nil {
		return nil, err
	}
	return r, r.normalize(columns)
}

func (t fileTx) insert(ctx context.Context, into table, columns []column, rows []row) (err error) {
	values := strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ")
	statement, err := t.tx.PrepareContext(ctx, fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", into.name, strings.Join(names(columns), ", "), values))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, statement.Close()) }()
	for _, r := range rows {
		if _, err := statement.ExecContext(ctx, r...); err != nil {
			return err
		}
	}
	return nil
}

func (t fileTx) commit(context.Context) error { return t.tx.Commit() }

func (t fileTx) rollback(context.Context) error {
	if err := t.tx.Rollback(); !errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return nil
}

package count

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"

	_ "modernc.org/sqlite" // the driver
)

// UpsertSQLite is [UpsertPostgres] on SQLite, flushed to disk as Ration flushes: a WAL
// with synchronous=FULL. One connection writes, because one can.
type UpsertSQLite struct {
	db    *sql.DB
	count *sql.Stmt
}

// OpenUpsertSQLite opens a file, and creates it and its table where they are missing.
func OpenUpsertSQLite(ctx context.Context, path string) (u *UpsertSQLite, err error) {
	db, err := OpenSQLite(ctx, path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	if _, err := db.ExecContext(ctx, `
		CREATE TABLE IF NOT EXISTS request_counts (
			key  TEXT NOT NULL,
			day  TEXT NOT NULL,
			used INTEGER NOT NULL,
			PRIMARY KEY (key, day)
		) STRICT, WITHOUT ROWID`); err != nil {
		return nil, fmt.Errorf("creating the upsert's table: %w", err)
	}
	count, err := db.PrepareContext(ctx, `
		INSERT INTO request_counts AS c (key, day, used) VALUES (?, date('now'), ?)
		ON CONFLICT (key, day) DO UPDATE SET used = c.used + excluded.used WHERE c.used + excluded.used <= ?
		RETURNING used`)
	if err != nil {
		return nil, fmt.Errorf("preparing the upsert: %w", err)
	}
	return &UpsertSQLite{db, count}, nil
}

// OpenSQLite opens a SQLite file with one connection.
func OpenSQLite(ctx context.Context, path string) (*sql.DB, error) {
	settings := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(wal)", "synchronous(full)"}}
	db, err := sql.Open("sqlite", "file:"+path+"?"+settings.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", path, err), db.Close())
	}
	return db, nil
}

// Count implements [Counter].
func (u *UpsertSQLite) Count(ctx context.Context, key string, n int64) (bool, error) {
	var used int64
	err := u.count.QueryRowContext(ctx, key, n, int64(Limit)).Scan(&used)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// Used implements [Reader].
func (u *UpsertSQLite) Used(ctx context.Context) (map[string]int64, error) {
	return usedOf(ctx, u.db, "SELECT key, sum(used) FROM request_counts GROUP BY key")
}

// usedOf reads rows of a key and a number.
func usedOf(ctx context.Context, db *sql.DB, query string) (map[string]int64, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	used := make(map[string]int64)
	for rows.Next() {
		var key string
		var n int64
		if err := rows.Scan(&key, &n); err != nil {
			return nil, err
		}
		used[key] = n
	}
	return used, rows.Err()
}

// Close implements [Counter].
func (u *UpsertSQLite) Close(context.Context) error {
	return errors.Join(u.count.Close(), u.db.Close())
}

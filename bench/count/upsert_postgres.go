package count

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// upsertConnections is the size of the upsert's pool: of 8, 32 and 64 the best, or close
// to it, for one hot key and for many.
const upsertConnections = 32

// UpsertPostgres is the usual way to count in a database: one guarded upsert for each
// request, a transaction of its own, over a pool of connections.
type UpsertPostgres struct{ pool *pgxpool.Pool }

// OpenUpsertPostgres opens a pool, and creates the table where it is missing.
func OpenUpsertPostgres(ctx context.Context, url string) (*UpsertPostgres, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the database's URL is malformed") // the error would show its password
	}
	config.MaxConns = upsertConnections
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("opening the upsert's pool: %w", err)
	}
	if _, err = pool.Exec(ctx, `
		CREATE TABLE IF NOT EXISTS request_counts (
			key  text NOT NULL,
			day  date NOT NULL,
			used bigint NOT NULL,
			PRIMARY KEY (key, day)
		) WITH (fillfactor = 50)`); err != nil {
		pool.Close()
		return nil, fmt.Errorf("creating the upsert's table: %w", err)
	}
	return &UpsertPostgres{pool}, nil
}

// Count implements [Counter].
func (u *UpsertPostgres) Count(ctx context.Context, key string, n int64) (bool, error) {
	var used int64
	err := u.pool.QueryRow(ctx, `
		INSERT INTO request_counts AS c (key, day, used) VALUES ($1, current_date, $2)
		ON CONFLICT (key, day) DO UPDATE SET used = c.used + excluded.used WHERE c.used + excluded.used <= $3
		RETURNING used`, key, n, int64(Limit)).Scan(&used)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// Used implements [Reader].
func (u *UpsertPostgres) Used(ctx context.Context) (map[string]int64, error) {
	rows, err := u.pool.Query(ctx, "SELECT key, sum(used)::bigint FROM request_counts GROUP BY key")
	if err != nil {
		return nil, err
	}
	return collect(rows)
}

// Close implements [Counter].
func (u *UpsertPostgres) Close(context.Context) error {
	u.pool.Close()
	return nil
}

package compare

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// limitPerDay is more than any measurement reaches: both ways check a limit, and
// neither is measured denying.
const limitPerDay = 1_000_000_000_000

// Upsert is the usual way to count in a database: one guarded upsert per
// request, each its own transaction, over a pool of connections.
type Upsert struct {
	pool *pgxpool.Pool
}

// NewUpsert opens a pool of so many connections and empties the counters.
func NewUpsert(ctx context.Context, url string, connections int) (*Upsert, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the database's URL is malformed")
	}
	config.MinConns, config.MaxConns = int32(connections), int32(connections)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("opening the upsert's pool: %w", err)
	}
	_, err = pool.Exec(ctx, `
		DROP TABLE IF EXISTS request_counts;
		CREATE TABLE request_counts (
			key_id  bigint NOT NULL,
			day     date NOT NULL,
			used    bigint NOT NULL,
			PRIMARY KEY (key_id, day)
		) WITH (fillfactor = 50)`, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("creating the upsert's table: %w", err)
	}
	return &Upsert{pool: pool}, nil
}

// Count is the [Counter].
func (u *Upsert) Count(ctx context.Context, key int) (bool, error) {
	var used int64
	err := u.pool.QueryRow(ctx, `
		INSERT INTO request_counts AS c (key_id, day, used) VALUES ($1, current_date, 1)
		ON CONFLICT (key_id, day) DO UPDATE SET used = c.used + 1 WHERE c.used < $2
		RETURNING used`, key, int64(limitPerDay)).Scan(&used)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// Counted returns what the database holds.
func (u *Upsert) Counted(ctx context.Context) (total int64, keys int, err error) {
	err = u.pool.QueryRow(ctx, `SELECT coalesce(sum(used), 0)::bigint, count(DISTINCT key_id) FROM request_counts`).Scan(&total, &keys)
	return total, keys, err
}

// Close closes the pool.
func (u *Upsert) Close() { u.pool.Close() }

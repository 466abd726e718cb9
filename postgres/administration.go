package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/sqladmin"
	"github.com/ration-dev/ration/rationadmin"
)

// administration is what both databases keep in the same way.
type administration = sqladmin.Store

// Administration implements [rationadmin.Store]. Call [rationadmin.New] instead of it.
func (s *Store) Administration(config rationadmin.Config) rationadmin.Operations {
	return admin.New(s, config)
}

// administered is a store as package sqladmin needs it.
type administered struct{ *Store }

// Write implements sqladmin.DB.
func (s administered) Write(ctx context.Context, doing string, change func(context.Context, sqladmin.Tx) error) error {
	return s.write(ctx, doing, func(ctx context.Context, t tx) error { return change(ctx, changer{reader{t}, t}) })
}

// Read implements sqladmin.DB.
func (s administered) Read(ctx context.Context, doing string, read func(context.Context, sqladmin.Reader) error) error {
	return s.read(ctx, doing, func(ctx context.Context, q querier) error { return read(ctx, reader{q}) })
}

// ReportPause implements admin.Usage. A report has a process of the server to itself, but
// while it reads, rows that decisions replace can't be pruned.
func (*Store) ReportPause(took time.Duration) time.Duration { return 2 * took }

// reader implements sqladmin.Reader.
type reader struct{ querier }

// Query implements sqladmin.Reader.
func (r reader) Query(ctx context.Context, sql string, each func(sqladmin.Row), args ...any) error {
	sql, params := numbered(sql, args)
	return query(ctx, r.querier, sql, func(row *row) { each(columns{row}) }, params...)
}

// Now implements sqladmin.Reader.
func (r reader) Now(ctx context.Context) (time.Time, error) { return storeTime(ctx, r.querier) }

// MonthOf implements sqladmin.Reader.
func (reader) MonthOf(column string) string { return "date_trunc('month', " + column + ")::date" }

// Bytewise implements sqladmin.Reader.
func (reader) Bytewise(column string) string { return column + ` COLLATE "C"` }

// listInOrderSQL is inOrderSQL for lists. Bitmaps and hashes have no order, and merges read
// the whole of another index.
const listInOrderSQL = inOrderSQL + ", set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)" +
	", set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)"

// InOrder implements sqladmin.Reader.
func (r reader) InOrder(ctx context.Context) error {
	return query(ctx, r.querier, listInOrderSQL, func(*row) {})
}

// Description implements sqladmin.Reader.
func (reader) Description() string {
	return "SELECT 'postgres'::text, current_setting('server_version'), " + versionSQL + ", pg_database_size(current_database())"
}

// keyUsageSQL is served by the primary key of key_usage.
const keyUsageSQL = "SELECT " + usageColumns + " FROM key_usage WHERE api_key_id = ANY($1::uuid[])"

// Usage implements sqladmin.Reader.
func (r reader) Usage(ctx context.Context, ids []ration.KeyID) (map[ration.KeyID]ledger.Usage, error) {
	usage := make(map[ration.KeyID]ledger.Usage, len(ids))
	err := query(ctx, r.querier, keyUsageSQL, func(row *row) {
		id, meter := row.usage()
		usage[id] = append(usage[id], meter)
	}, uuids(ids))
	return usage, err
}

// changer implements sqladmin.Tx.
type changer struct {
	reader
	tx tx
}

// LockKeys implements sqladmin.Tx.
func (c changer) LockKeys(ctx context.Context, ids []ration.KeyID) error {
	return c.tx.lockKeys(ctx, ids)
}

// LockPlan implements sqladmin.Tx.
func (c changer) LockPlan(ctx context.Context, name string) error {
	found := false
	err := query(ctx, c.tx, "SELECT name FROM plans WHERE name = $1 FOR NO KEY UPDATE", func(*row) { found = true }, name)
	if err == nil && !found {
		return fmt.Errorf("plan %q: %w", name, ration.ErrNotFound)
	}
	return err
}

// LockMeter implements sqladmin.Tx.
func (c changer) LockMeter(ctx context.Context, meter string, exclusively bool) error {
	sql := lockMetersSQL
	if exclusively {
		sql = setMeterSQL
	}
	return query(ctx, c.tx, sql, func(*row) {}, []string{meter})
}

// LockJobs implements sqladmin.Tx.
func (c changer) LockJobs(ctx context.Context) error {
	return query(ctx, c.tx, "SELECT pg_advisory_xact_lock(hashtextextended('ration jobs', 0))", func(*row) {})
}

// LockSessions implements sqladmin.Tx.
func (c changer) LockSessions(ctx context.Context) error {
	return query(ctx, c.tx, "SELECT pg_advisory_xact_lock(hashtextextended('ration sessions', 0))", func(*row) {})
}

// LockRequests implements sqladmin.Tx.
func (c changer) LockRequests(ctx context.Context) error {
	return query(ctx, c.tx, "SELECT pg_advisory_xact_lock(hashtextextended('ration key requests', 0))", func(*row) {})
}

// Run implements sqladmin.Tx.
func (c changer) Run(ctx context.Context, batch *sqladmin.Batch) error { return c.tx.run(ctx, batch) }

// run runs the statements of a batch in one round trip, however many they are.
func (t tx) run(ctx context.Context, batch *sqladmin.Batch) error {
	var queued pgx.Batch
	for _, statement := range batch.Statements {
		sql, params := numbered(statement.SQL, statement.Args)
		queued.Queue(sql, params...)
	}
	results := t.SendBatch(ctx, &queued)
	for i := range batch.Statements {
		if err := outcome(results, &batch.Statements[i]); err != nil {
			_ = results.Close() // repeats the error
			return err
		}
	}
	if err := results.Close(); err != nil {
		return &driverError{err}
	}
	return nil
}

// outcome reads what became of the next statement of a batch.
func outcome(results pgx.BatchResults, statement *sqladmin.Statement) error {
	tag, err := results.Exec()
	written := tag.RowsAffected()
	switch {
	case err != nil:
		state := sqlState(err)
		if state == stateLockTimeout && statement.Meaning.Locked != nil {
			return fmt.Errorf("%w: %w", statement.Meaning.Locked, &driverError{err})
		}
		return statement.Meaning.Of(&driverError{err}, state == stateUnique, state == stateForeignKey)
	case statement.One && written == 0 && statement.Meaning.Missing != nil:
		return statement.Meaning.Missing
	case statement.One && written != 1:
		return withheld(written)
	}
	return nil
}

// withheld is the error of a change whose row a trigger, a rule or row security has
// kept back, and which would be told as made.
func withheld(written int64) error {
	return fmt.Errorf("%w: %d rows were written, not 1", ration.ErrStoreUnavailable, written)
}

// numbered writes a statement of package sqladmin as PostgreSQL takes it. A limit
// becomes part of the text, so that the server plans for it.
func numbered(sql string, args []any) (string, []any) {
	var text strings.Builder
	params := make([]any, 0, len(args))
	if len(args) > 0 {
		if ids, isList := args[0].([]ration.KeyID); isList {
			sql, params, args = strings.ReplaceAll(sql, "IN (?)", "= ANY($1)"), append(params, uuids(ids)), args[1:]
		}
	}
	for _, arg := range args {
		before, after, found := strings.Cut(sql, "?")
		if !found { // PostgreSQL's own statement, with its numbers
			params = append(params, arg)
			continue
		}
		text.WriteString(before)
		sql = after
		if limit, isLimit := arg.(sqladmin.Limit); isLimit {
			text.WriteString(strconv.Itoa(int(limit)))
			continue
		}
		params = append(params, param(arg))
		text.WriteString("$" + strconv.Itoa(len(params)))
	}
	text.WriteString(sql)
	return text.String(), params
}

// param returns a value as the driver takes it.
func param(arg any) any {
	switch arg := arg.(type) {
	case ration.KeyID:
		return [16]byte(arg)
	case ration.SecretID:
		return [16]byte(arg)
	case ration.ReservationID:
		return [16]byte(arg)
	case uuid.UUID:
		return [16]byte(arg)
	case ration.Digest:
		return arg[:]
	case ration.PeriodID:
		return arg.Date()
	case []string:
		return append([]string{}, arg...)
	}
	return arg
}

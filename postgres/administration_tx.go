package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/pgcommit"
)

const (
	// readTimeout bounds a read of administration or a report, writeTimeout a change.
	readTimeout  = 10 * time.Second
	writeTimeout = 5 * time.Second
)

// querier is a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// tx is a transaction of administration.
type tx struct {
	pgx.Tx
}

// write runs change in a transaction, again where the server gave it up, and
// returns after it is flushed to disk. Where change returns an error or panics,
// nothing was changed. admin.ErrUnchanged rolls back without an error.
//
// Errors, beside change's own: ration.ErrStoreUnavailable if nothing was
// changed, ration.ErrOutcomeUnknown if the commit's answer was lost.
func (s *Store) write(ctx context.Context, doing string, change func(context.Context, tx) error) error {
	if !s.enter() {
		return errClosed
	}
	defer s.leave()
	if err := s.refuseAltered(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	for pause := firstPause; ; pause = min(2*pause, mostPause) {
		err := s.writeOnce(ctx, change)
		switch {
		case err == nil, errors.Is(err, admin.ErrUnchanged):
			return nil
		case errors.Is(err, ration.ErrOutcomeUnknown):
			return fmt.Errorf("%s: %w", doing, err)
		case (isTransient(err) || sqlState(err) == stateLockTimeout) && sleep(ctx, pause):
			continue
		}
		return fmt.Errorf("%s: %w", doing, explain(err))
	}
}

func (s *Store) writeOnce(ctx context.Context, change func(context.Context, tx) error) error {
	// Not from the pool itself, whose transactions give their connection back as they
	// end: commit still asks it for a warning.
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return &driverError{err}
	}
	defer conn.Release()
	begun, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}) // whatever the role's default is
	if err != nil {
		return &driverError{err}
	}
	defer begun.Rollback(context.WithoutCancel(ctx))
	t := tx{begun}
	if err := t.set(ctx, s); err != nil {
		return err
	}
	if err := change(ctx, t); err != nil {
		return err
	}
	return t.commit(ctx)
}

// set makes the settings of decisions hold. A session in which foreign keys
// don't hold is refused: a key could lose its plan. Decisions write nothing that has any.
func (t tx) set(ctx context.Context, s *Store) error {
	var unsafe, foreign error
	replica := false
	settings := settingsOf(s.searchPath, s.config.timeouts)
	err := query(ctx, t, s.lineage.sql(settingsSQL), func(r *row) {
		unsafe, foreign = r.durability(), s.lineage.check(r.text())
		replica = r.text() == "replica"
	}, settings[0], settings[1], settings[2], settings[3])
	switch {
	case err != nil:
		return s.lineage.heed(err)
	case foreign != nil:
		return leave(ctx, t, foreign)
	case unsafe != nil && !s.config.AcceptUnsafeDurability:
		return unsafe
	case replica:
		return fmt.Errorf("%w: session_replication_role is replica, so foreign keys are not enforced", ration.ErrStoreUnavailable)
	}
	return nil
}

// commit is not ended by the caller's context: its answer is what matters.
func (t tx) commit(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	pgcommit.TakeWarning(t.Conn().PgConn())
	err := t.Commit(ctx)
	switch warning := pgcommit.TakeWarning(t.Conn().PgConn()); {
	case err == nil && warning != "":
		return fmt.Errorf("%w: %w", ration.ErrOutcomeUnknown, pgcommit.WarningError(warning))
	case err == nil:
		return nil
	case errors.Is(err, pgx.ErrTxCommitRollback), provesRollback(err):
		return &driverError{err}
	}
	return fmt.Errorf("%w: committing: %w", ration.ErrOutcomeUnknown, err)
}

// storeTime returns the store's time. Read it after the lock.
func storeTime(ctx context.Context, q querier) (now time.Time, err error) {
	err = query(ctx, q, "SELECT ration_now()", func(r *row) { now = r.time() })
	return now, err
}

// read runs reads that see one state of the database, perhaps twice.
func (s *Store) read(ctx context.Context, doing string, read func(context.Context, querier) error) error {
	if !s.enter() {
		return errClosed
	}
	defer s.leave()
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	err := s.readOnce(ctx, read)
	if isDriverError(err) && (isBroken(err) || isTransient(err)) && ctx.Err() == nil {
		err = s.readOnce(ctx, read) // the connection may have died unnoticed while it idled
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, explain(err))
	}
	return nil
}

func (s *Store) readOnce(ctx context.Context, read func(context.Context, querier) error) error {
	begun, err := s.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return &driverError{err}
	}
	defer begun.Rollback(context.WithoutCancel(ctx))
	var unsafe, foreign error
	err = query(ctx, begun, s.lineage.sql(readSettingsSQL), func(r *row) {
		unsafe, foreign = r.durability(), s.lineage.check(r.text())
	}, s.searchPath)
	if err != nil {
		return s.lineage.heed(err)
	}
	if foreign != nil {
		return leave(ctx, begun, foreign)
	}
	if unsafe != nil && !s.config.AcceptUnsafeDurability {
		return unsafe
	}
	return read(ctx, begun)
}

// leave closes a transaction's connection, which leads to a foreign server, so that
// the pool makes another one.
func leave(ctx context.Context, t pgx.Tx, foreign error) error {
	_ = t.Conn().Close(ctx)
	return &driverError{foreign}
}

// query calls each with the rows of a query's result, in binary format.
func query(ctx context.Context, q querier, sql string, each func(*row), args ...any) error {
	rows, err := q.Query(ctx, sql, append([]any{pgx.QueryResultFormats(binary1)}, args...)...)
	if err != nil {
		return &driverError{err}
	}
	defer rows.Close()
	var bad error
	for rows.Next() {
		r := row{columns: rows.RawValues()}
		each(&r)
		bad = errors.Join(bad, r.err)
	}
	if err := rows.Err(); err != nil {
		return &driverError{err}
	}
	return bad
}

// exec runs a statement and returns how many rows it changed.
func (t tx) exec(ctx context.Context, sql string, args ...any) (int64, error) {
	tag, err := t.Exec(ctx, sql, args...)
	if err != nil {
		return 0, &driverError{err}
	}
	return tag.RowsAffected(), nil
}

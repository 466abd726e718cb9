package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/ration-dev/ration"
)

// errNothingToCommit makes write roll back and return nil.
var errNothingToCommit = errors.New("nothing to commit")

// tx is the one write transaction that is under way.
type tx struct {
	*conn
	now     time.Time // the store's clock, read after the transaction began
	suspect bool      // the clock has stepped, so no period may begin
	memory  *memory
	charges bool // it writes what it changes into the memory, too
}

// write runs do in a transaction, alone, and returns after it is flushed to
// disk. The context ends the wait for the writer's turn and nothing after that.
// Where do returns an error or panics, nothing was changed.
//
// Errors, beside do's own: ration.ErrStoreUnavailable if nothing was changed;
// ration.ErrOutcomeUnknown if the disk failed so that only a restart can tell,
// or the file was deleted or replaced in between.
func (s *Store) write(ctx context.Context, do func(context.Context, *tx) error) error {
	conn, err := s.take(ctx, s.writer)
	if err != nil {
		return err
	}
	defer func() { s.writer <- conn }()
	if err := s.usable(); err != nil { // the one before may have found out
		return err
	}
	if err := s.files.check(); err != nil {
		return unavailable("beginning a transaction", err)
	}
	ctx = context.WithoutCancel(ctx)
	if err := s.transact(ctx, conn, do); err != nil && !errors.Is(err, errNothingToCommit) {
		return err
	}
	s.checkpoints.note(conn)
	return nil
}

func (s *Store) transact(ctx context.Context, conn *conn, do func(context.Context, *tx) error) error {
	if _, err := conn.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return s.explain("beginning a transaction", err)
	}
	ended, unchanged := false, false
	defer func() {
		if ended {
			return
		}
		// Also where do panics. SQLite has rolled back by itself after some errors,
		// and then complains here.
		if _, err := conn.exec(ctx, "ROLLBACK"); err == nil && unchanged {
			s.memory.end(0)
		}
	}()
	if err := s.look(ctx, conn); err != nil {
		if errors.Is(err, ErrAltered) {
			return unavailable("beginning a transaction", err)
		}
		return s.explain("beginning a transaction", err)
	}
	clock := s.clock.read()
	tx := &tx{conn: conn, now: clock.Now, suspect: clock.Suspect, memory: &s.memory}
	if err := do(ctx, tx); err != nil {
		unchanged = !tx.charges || errors.Is(err, errNothingToCommit)
		if isOutOfReach(err) {
			s.failing.Store(true)
		}
		return s.explain("changing the database", err)
	}
	_, err := conn.exec(ctx, "COMMIT")
	ended = err == nil
	s.failing.Store(err != nil)
	if err != nil {
		return s.explainCommit(err)
	}
	if err := s.files.check(); err != nil {
		return fmt.Errorf("%w: committing: %w", ration.ErrOutcomeUnknown, err)
	}
	if tx.charges {
		conn.changed = 0
	}
	s.memory.end(conn.changed)
	return nil
}

// look looks at what others have done to the file since the last transaction.
func (s *Store) look(ctx context.Context, conn *conn) error {
	version, err := conn.number(ctx, "PRAGMA data_version")
	if err != nil {
		return err
	}
	conn.changed = 0
	if s.memory.begin(version) {
		return nil
	}
	return s.watchTables(ctx, conn)
}

// explain turns an error before the commit, which changed nothing, into one of
// the contract where the database is its reason.
func (s *Store) explain(doing string, err error) error {
	s.noteFullDisk(err)
	if isFlushFailure(err) {
		s.fail(err)
	}
	if isOutOfReach(err) {
		return unavailable(doing, err)
	}
	return err
}

// explainCommit says what a failed commit means. A full disk or a lock stops it
// before its last frame is in the log. After any other failure that frame may
// be there, and the next start may find it.
func (s *Store) explainCommit(err error) error {
	s.noteFullDisk(err)
	switch primary(err) {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY:
		return unavailable("committing", err)
	}
	if isFlushFailure(err) {
		s.fail(err)
	}
	return fmt.Errorf("%w: committing: %w", ration.ErrOutcomeUnknown, err)
}

// noteFullDisk has the log moved to the database at once if the disk is full, so
// that it can start anew in its place: it may be what has taken up the room, and
// no commit that fails would ever wake the checkpoints.
func (s *Store) noteFullDisk(err error) {
	if primary(err) == sqlite3.SQLITE_FULL || code(err) == sqlite3.SQLITE_IOERR_SHMSIZE {
		s.checkpoints.rouse()
	}
}

// execOne runs a statement that has to write one row: a row that a trigger or a
// conflict clause withholds would be told as written.
func (tx *tx) execOne(ctx context.Context, query string, values ...any) error {
	written, err := tx.exec(ctx, query, values...)
	if err == nil && written != 1 {
		err = withheld(written)
	}
	return err
}

func withheld(written int64) error {
	return fmt.Errorf("%w: %d rows were written, not 1", ration.ErrStoreUnavailable, written)
}

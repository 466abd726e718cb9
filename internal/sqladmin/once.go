package sqladmin

import (
	"context"
	"errors"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// errClaimed means that somebody else has claimed a change, and by now has made it.
var errClaimed = errors.New("the change was made at the same moment")

// writeStep runs a change that may be a step of a job: see [Step].
func (s *Store) writeStep(ctx context.Context, doing string, change func(context.Context, Tx) error, result func() any) error {
	return s.writeOnce(ctx, doing, func(ctx context.Context, tx Tx) error { return Step(ctx, tx, change(ctx, tx)) }, result)
}

// writeOnce runs a change that its caller may ask for again, with the [admin.Once] of
// the context if there is one. It claims the change before all else, so that of two
// calls at the same moment one waits; then it keeps the answer to the result, which is
// asked for after the change.
func (s *Store) writeOnce(ctx context.Context, doing string, change func(context.Context, Tx) error, result func() any) error {
	once := admin.OnceOf(ctx)
	if once == nil {
		return s.db.Write(ctx, doing, change)
	}
	waiting := false // for another call that makes the change
	claimed := func(ctx context.Context, tx Tx) error {
		err := claim(ctx, tx, once)
		waiting = errors.Is(err, admin.ErrRunning) || waiting && err != nil
		if err != nil {
			return err
		}
		if err := change(ctx, tx); err != nil {
			return err
		}
		return keep(ctx, tx, once, result())
	}
	err := s.db.Write(ctx, doing, claimed)
	if errors.Is(err, errClaimed) {
		err = s.db.Write(ctx, doing, claimed) // finds the answer, or takes the place of what expired in between
	}
	if waiting && errors.Is(err, ration.ErrStoreUnavailable) {
		return admin.ErrRunning
	}
	return err
}

// claim makes a place for the answer of a change. What has been there for too long gives
// way. The primary key of admin_answers serves all of it.
func claim(ctx context.Context, tx Tx, once *admin.Once) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	if err := checkOnce(ctx, tx, once, now); err != nil {
		return err
	}
	var b Batch
	b.Add("DELETE FROM admin_answers WHERE id = ? AND created_at < ?", once.ID[:], now.Add(-admin.AnswerRetention))
	b.AddOne(Meaning{Taken: errClaimed, Locked: admin.ErrRunning},
		"INSERT INTO admin_answers (id, request, answer, created_at) VALUES (?, ?, ?, ?)", once.ID[:], once.Request[:], []byte{}, now)
	return tx.Run(ctx, &b)
}

// keep puts the answer into its place.
func keep(ctx context.Context, tx Tx, once *admin.Once, result any) error {
	answer, err := once.Seal(result)
	if err != nil {
		return err
	}
	var b Batch
	b.AddOne(Meaning{}, "UPDATE admin_answers SET answer = ? WHERE id = ?", answer, once.ID[:])
	return tx.Run(ctx, &b)
}

// CheckOnce implements admin.Answers.
func (s *Store) CheckOnce(ctx context.Context) error {
	once := admin.OnceOf(ctx)
	if once == nil {
		return nil
	}
	var repeated error
	err := s.db.Read(ctx, "reading an answer", func(ctx context.Context, r Reader) error {
		now, err := r.Now(ctx)
		if err == nil {
			repeated = checkOnce(ctx, r, once, now)
		}
		return err
	})
	return errors.Join(err, repeated)
}

// checkOnce returns an [*admin.RepeatedError] if a change was made before.
func checkOnce(ctx context.Context, r Reader, once *admin.Once, now time.Time) error {
	var repeated *admin.RepeatedError
	err := r.Query(ctx, "SELECT request, answer FROM admin_answers WHERE id = ? AND created_at >= ?", func(row Row) {
		repeated = &admin.RepeatedError{Request: row.Digest(), Answer: row.Bytes()}
	}, once.ID[:], now.Add(-admin.AnswerRetention))
	if err == nil && repeated != nil {
		return repeated
	}
	return err
}

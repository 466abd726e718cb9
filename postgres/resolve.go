package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
)

// A commit whose answer is lost is resolved by sending the batch again, whole,
// with the same id under the same key. The insert of the id passes if no earlier
// attempt was committed or can be; it fails if one was. An id is purged only
// when nobody sends its batch again: at once if its outcome is known, else when
// it is older than purgeAfter, while no batch is sent again after resolveFor.

const (
	resolveFor = 5 * time.Minute
	purgeAfter = 2 * resolveFor
)

var errTooLate = errors.New("the batch is too old to be resolved")

// batchRef is a batch's row in charge_batches.
type batchRef struct {
	key ration.KeyID
	id  uuid.UUID
}

func (b *work) ref() batchRef { return batchRef{key: b.keys[0].id, id: b.id} }

// inTime reports whether the batch may still be sent, by the server's own clock.
func (b *work) inTime(now time.Time) bool {
	if b.firstAttemptAt.IsZero() {
		b.firstAttemptAt = now
	}
	return now.Sub(b.firstAttemptAt) < resolveFor
}

// isNew reports whether nothing of the batch was ever sent.
func (b *work) isNew() bool {
	return b.firstAttemptAt.IsZero() && b.faults == 0 && b.reconnects == 0 && !b.lost
}

// confirm makes sure that an earlier attempt, which is known to be committed, is
// as durable as any: a server that crashed, or whose standby was away, may have
// committed it without the standby. A later commit has all before it flushed
// and, with a synchronous standby, replicated.
func (s *Store) confirm(ctx context.Context, b *work) error {
	l, err := s.takeLane(ctx)
	if err != nil {
		return err
	}
	defer s.giveLane(l)
	later := batchRef{key: b.keys[0].id, id: uuid.New()}
	defer s.janitor.purge(later)
	return l.runSingle(ctx, stmtBatchID, later.key[:], later.id[:])
}

// finished hands the batch's id over to be purged.
func (s *Store) finished(b *work) {
	if !b.dryRun {
		s.janitor.purge(b.ref())
	}
}

// abandon returns the error of a batch that nobody waits for any more. If it
// may have been committed, it is fenced off: afterwards it has been, or it
// never will be.
func (s *Store) abandon(b *work, f *fault) error {
	if b.sent == nil {
		return fmt.Errorf("%w: %w", ration.ErrStoreUnavailable, f.err)
	}
	s.janitor.fence(b.ref())
	return fmt.Errorf("%w: %w", ration.ErrOutcomeUnknown, f.err)
}

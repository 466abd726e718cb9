package postgres

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/observe"
)

// reason says, for an observer, why a batch is sent again after a fault.
func (f *fault) reason() string {
	switch {
	case f.unknown:
		return observe.RetryLostCommit
	case f.stage == stageBatchID && (isCharged(f.err) || sqlState(f.err) == stateLockTimeout):
		return observe.RetryUnsettled
	case errors.Is(f.err, errMovedOn), f.timedOut():
		return observe.RetryKeyLocked
	case isTransient(f.err):
		return observe.RetryConflict
	}
	return observe.RetryDisconnected
}

// observeRetry tells that a batch is sent, or was sent, again.
func (s *Store) observeRetry(ctx context.Context, reason string) {
	retry := observe.Retry{Store: s.Name(), Reason: reason}
	s.config.Observer.Retried(retry)
	observe.Of(ctx).Retried(retry)
}

// observeResolution tells what became of a batch of which the answer to a COMMIT was
// lost. Err is what its callers get.
func (s *Store) observeResolution(ctx context.Context, b *work, err error) {
	if !b.lost {
		return
	}
	outcome := observe.CommitMissing
	switch {
	case b.found:
		outcome = observe.CommitFound
	case errors.Is(err, ration.ErrOutcomeUnknown):
		outcome = observe.CommitUnknown
	}
	resolution := observe.Resolution{Store: s.Name(), Outcome: outcome}
	s.config.Observer.CommitResolved(resolution)
	observe.Of(ctx).CommitResolved(resolution)
}

// weaknesses are what weakens a promise now, so that only a change is told.
type weaknesses struct {
	mu     sync.Mutex
	active map[string]bool
}

// observeWeakness notes whether something weakens a promise; err says what was seen.
func (s *Store) observeWeakness(what string, err error) {
	active, detail := err != nil, ""
	if active {
		detail = err.Error()
	}
	s.weak.mu.Lock()
	changed := s.weak.active[what] != active
	if s.weak.active == nil {
		s.weak.active = make(map[string]bool)
	}
	s.weak.active[what] = active
	s.weak.mu.Unlock()
	if changed {
		s.config.Observer.WeaknessChanged(observe.Weakness{Store: s.Name(), What: what, Active: active, Detail: detail})
	}
}

// observePurge tells of rows that were deleted, or were to be.
func (s *Store) observePurge(table string, start time.Time, rows int64, err error) {
	s.config.Observer.Purged(observe.Purge{Store: s.Name(), Table: table, Rows: rows, Took: time.Since(start), Err: err})
}

package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/observe"
)

// A batch on its way, until its outcome is known or nobody waits for it:
//
//	Charge ─► resolve ◄───────────────────────────────┐
//	             │                                    │
//	            try      takes a lane and connects    │
//	             │                                    │
//	          attempt    one transaction             │
//	             │         transactRemembered  one round trip, if all keys are remembered
//	             │                             and nothing has changed; else
//	             │         transact            two:
//	             │           lockAndLoad         batch id, locks, reads
//	             │           open, decide        in memory
//	             │           writeAndCommit
//	             │                                    │
//	             ├─ answered ─► finished              │ again, after a pause
//	             └─ fault, with the stage it came to ─► judge (of what was never sent: judgeUnsent)
//	                                                    ├─ an error: the batch's
//	                                                    └─ an earlier attempt was committed ─► confirm ─► finished
//
// When nobody waits any more, abandon fences the batch's id off.

const (
	// mostFaults is how often a transaction that the server gave up is sent again.
	mostFaults = 8
	// mostReconnects is how often a batch is sent again after its connection broke
	// before COMMIT was sent: a connection that idled may have died unnoticed.
	mostReconnects = 2

	firstPause = 5 * time.Millisecond
	mostPause  = 500 * time.Millisecond
)

// Charge implements [ration.Store]. If a key's row stays locked, its charges get
// [ration.CodeStoreUnavailable]: nothing was charged to it, and the charges of other
// keys go on.
func (s *Store) Charge(ctx context.Context, batch ration.Batch) ([]ration.Decision, error) {
	if !s.enter() {
		return nil, errClosed
	}
	defer s.leave()
	if err := s.refuseAltered(); err != nil {
		return nil, err
	}
	b := newWork(batch)
	b.logging, b.tells = s.config.RequestLog > 0, s.config.LimitThresholds
	s.stuck.mark(b)
	decisions, err := s.resolve(ctx, b)
	s.observeResolution(ctx, b, err)
	if err == nil {
		s.stuck.note(b)
	}
	return decisions, err
}

// resolve sends the batch until its outcome is known or nobody waits for it.
func (s *Store) resolve(ctx context.Context, b *work) ([]ration.Decision, error) {
	for pause := firstPause; ; pause = min(2*pause, mostPause) {
		decisions, f := s.try(ctx, b)
		if f == nil {
			s.finished(b)
			return decisions, nil
		}
		again, err := b.judge(f, decisions)
		b.lost = b.lost || f.unknown
		switch {
		case err != nil && !again:
			return nil, err
		case !again && s.confirm(ctx, b) == nil:
			b.found = true
			s.finished(b)
			return b.sent, nil
		}
		if f.timedOut() {
			s.watch(ctx, b)
		}
		if f.stage == stageBatchID || f.stage == stageLock {
			pause = firstPause // it has waited long enough
		}
		if !sleep(ctx, pause) {
			return nil, s.abandon(b, f)
		}
		s.observeRetry(ctx, f.reason())
	}
}

// try runs one attempt on a lane of its own.
func (s *Store) try(ctx context.Context, b *work) ([]ration.Decision, *fault) {
	l, err := s.takeLane(ctx)
	if err != nil {
		return nil, &fault{stage: stageConnect, err: err}
	}
	defer s.giveLane(l)
	fresh, err := l.connect(ctx)
	if fresh {
		s.memory.forget()
	}
	if err != nil {
		return nil, &fault{stage: stageConnect, err: err}
	}
	decisions, f := l.attempt(b)
	if b.changed {
		b.changed = false
		s.observeRetry(ctx, observe.RetryChanged)
	}
	return decisions, f
}

// judge says whether a batch is to be sent again after a fault. If not, its
// error is the batch's, and no error means that b.sent was committed, at least
// on this server.
func (b *work) judge(f *fault, decisions []ration.Decision) (again bool, err error) {
	if f.stage > stageBatchID {
		b.sent = nil // the id was inserted, so that whatever was sent before is dead
	}
	state := sqlState(f.err)
	switch {
	case f.warned, errors.Is(f.err, errTooLate):
		return false, fmt.Errorf("%w: %w", ration.ErrOutcomeUnknown, f.err)
	case f.unknown:
		b.sent = decisions
		return true, nil
	case f.stage == stageBatchID && isCharged(f.err):
		if b.sent == nil {
			return false, fmt.Errorf("batch %s was charged before", b.id)
		}
		return false, nil
	case f.stage == stageBatchID && state == stateLockTimeout:
		return true, nil // an earlier attempt still runs
	case b.sent != nil:
		return true, nil // until it is resolved
	}
	return b.judgeUnsent(f)
}

// judgeUnsent judges a fault of a batch of which nothing can have been committed.
func (b *work) judgeUnsent(f *fault) (again bool, err error) {
	unavailable := fmt.Errorf("%w: %w", ration.ErrStoreUnavailable, f.err)
	switch {
	case errors.Is(f.err, errMovedOn), f.timedOut():
		b.id = uuid.New() // a batch is the same batch only if it waits for the same keys
		b.faults++
		return b.faults <= mostFaults, unavailable
	case f.stage == stageConnect, errors.Is(f.err, ErrUnsafeDurability), errors.Is(f.err, ErrAltered):
		return false, unavailable
	case isTransient(f.err):
		b.faults++
		return b.faults <= mostFaults, unavailable
	case isBroken(f.err):
		b.reconnects++
		return b.reconnects <= mostReconnects, unavailable
	case isOutOfReach(f.err):
		return false, unavailable
	}
	return false, fmt.Errorf("charging a batch: %w", f.err)
}

// sleep pauses for about so long; it returns false if ctx ended.
func sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause/2 + rand.N(pause)) //nolint:gosec // instances that retry at different times need no secret for it
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

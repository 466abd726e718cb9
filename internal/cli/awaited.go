package cli

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/condense"
	"github.com/ration-dev/ration/postgres"
)

// awaitPause is the time between two attempts to open a database that is away.
const awaitPause = 500 * time.Millisecond

// decisionStore is what ways in need of a database.
type decisionStore interface {
	ration.Store
	admin.TokenChecks
	admin.SessionChecks
}

// awaited is a database that was away when the server started. Until it is there
// every call says that it is not, as those on one that went away do. It is safe
// for concurrent use.
type awaited struct {
	lanes  int
	config admin.Config
	store  atomic.Pointer[database]
	admin  atomic.Pointer[admin.Service] // on the store
	why    atomic.Pointer[error]         // it is away
}

var (
	_ decisionStore = (*awaited)(nil)
	_ decisionStore = database(nil)
)

func newAwaited(lanes int, config admin.Config, why error) *awaited {
	a := &awaited{lanes: lanes, config: config}
	a.why.Store(&why)
	return a
}

func (a *awaited) reason() error { return *a.why.Load() }

// opened returns the database. Error: ration.ErrStoreUnavailable.
func (a *awaited) opened() (database, error) {
	if store := a.store.Load(); store != nil {
		return *store, nil
	}
	return nil, fmt.Errorf("%w: waiting for the database since the start: %w", ration.ErrStoreUnavailable, a.reason())
}

// ResolveDigests implements ration.Store.
func (a *awaited) ResolveDigests(ctx context.Context, digests []ration.Digest) ([]ration.SecretRef, error) {
	store, err := a.opened()
	if err != nil {
		return nil, err
	}
	return store.ResolveDigests(ctx, digests)
}

// Charge implements ration.Store.
func (a *awaited) Charge(ctx context.Context, batch ration.Batch) ([]ration.Decision, error) {
	store, err := a.opened()
	if err != nil {
		return nil, err
	}
	return store.Charge(ctx, batch)
}

// Reservations implements ration.Store.
func (a *awaited) Reservations(ctx context.Context, filter ration.ReservationFilter) ([]ration.Reservation, error) {
	store, err := a.opened()
	if err != nil {
		return nil, err
	}
	return store.Reservations(ctx, filter)
}

// Ready implements ration.Store.
func (a *awaited) Ready(ctx context.Context) error {
	store, err := a.opened()
	if err != nil {
		return err
	}
	return store.Ready(ctx)
}

// Name is that of the database which is awaited.
func (a *awaited) Name() string { return "postgres" }

// Lanes implements ration.Store.
func (a *awaited) Lanes() int {
	if a.lanes == 0 {
		return postgres.DefaultLanes
	}
	return a.lanes
}

// Close implements ration.Store. The instance closes the database itself.
func (a *awaited) Close() error { return nil }

// TokensByDigest implements admin.TokenChecks.
func (a *awaited) TokensByDigest(ctx context.Context, digests []ration.Digest) ([]admin.Token, time.Time, error) {
	store, err := a.opened()
	if err != nil {
		return nil, time.Time{}, err
	}
	return store.TokensByDigest(ctx, digests)
}

// NoteTokenUse implements admin.TokenChecks.
func (a *awaited) NoteTokenUse(ctx context.Context, ids []uuid.UUID, at time.Time) error {
	store, err := a.opened()
	if err != nil {
		return err
	}
	return store.NoteTokenUse(ctx, ids, at)
}

// SessionsByDigest implements admin.SessionChecks.
func (a *awaited) SessionsByDigest(ctx context.Context, digests []ration.Digest) ([]admin.SessionRecord, time.Time, error) {
	store, err := a.opened()
	if err != nil {
		return nil, time.Time{}, err
	}
	return store.SessionsByDigest(ctx, digests)
}

// NoteSessionsSeen implements admin.SessionChecks.
func (a *awaited) NoteSessionsSeen(ctx context.Context, ids []uuid.UUID, at time.Time) error {
	store, err := a.opened()
	if err != nil {
		return err
	}
	return store.NoteSessionsSeen(ctx, ids, at)
}

// administration returns the operations on the database. Error: ration.ErrStoreUnavailable.
func (a *awaited) administration() (*admin.Service, error) {
	if operations := a.admin.Load(); operations != nil {
		return operations, nil
	}
	store, err := a.opened()
	if err != nil {
		return nil, err
	}
	a.admin.CompareAndSwap(nil, admin.New(store, a.config)) // of several, all use the first
	return a.admin.Load(), nil
}

// ExplainKey implements verify.Explainer and rationhttp.UsageReader.
func (a *awaited) ExplainKey(ctx context.Context, question admin.ExplainQuestion) (admin.Explanation, error) {
	operations, err := a.administration()
	if err != nil {
		return admin.Explanation{}, err
	}
	return operations.ExplainKey(ctx, question)
}

// UsageDays implements rationhttp.UsageReader.
func (a *awaited) UsageDays(ctx context.Context, filter admin.UsageFilter) ([]admin.UsageDay, error) {
	operations, err := a.administration()
	if err != nil {
		return nil, err
	}
	return operations.UsageDays(ctx, filter)
}

// await returns once the database is there, with an error if it has not come in
// time or if something is wrong that no waiting mends, and without one if ctx ends.
func (i *instance) await(ctx context.Context) error {
	if i.awaited == nil {
		return nil
	}
	log := condense.New(i.log)
	for deadline := time.Now().Add(i.settings.WaitForDatabase); ; {
		if !pause(ctx, awaitPause) {
			return nil
		}
		err := i.tryStore(ctx)
		switch {
		case err == nil:
			i.awaited.store.Store(&i.store)
			i.log.InfoContext(ctx, "the database is there")
			return nil
		case ctx.Err() != nil:
			return nil //nolint:nilerr // nobody waits any more
		case !postgres.IsAway(err):
			return err
		case time.Now().After(deadline):
			return &storeError{fmt.Errorf("the database was away for %s (wait_for_database): %w", i.settings.WaitForDatabase, err)}
		}
		i.awaited.why.Store(&err)
		log.Say(ctx, slog.LevelWarn, condense.Kind{Message: "not ready: still waiting for the database"}, slog.Any("reason", err))
	}
}

// pause waits for a time, and reports whether ctx has not ended meanwhile.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

package ration

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration/internal/failures"
	"github.com/ration-dev/ration/internal/groupcommit"
	"github.com/ration-dev/ration/observe"
)

// EngineConfig says how an [Engine] works. The zero value is a good one.
type EngineConfig struct {
	Pepper      []byte        // server-side key with which secrets are hashed (HMAC-SHA-256); empty: plain SHA-256
	MaxWait     time.Duration // how long a charge waits for its answer before it gets an error; 0: 5 s
	MaxQueue    int           // most charges that may wait per lane; further ones get ErrStoreUnavailable; 0: 16,384
	DigestCache int           // most digests to remember, about 150 bytes each; 0: 100,000

	LeaseTTL time.Duration // how long a lease lasts if nobody renews it, at least 1 s; 0: [DefaultLeaseTTL]. The engine renews after a third of it

	Unknown  UnknownSecrets   // bounds the look-ups of unknown secrets; zero: its defaults
	Observer observe.Observer // is told of each batch; nil: nobody is
	Tracer   observe.Tracer   // is told of each batch before it is sent; nil: nobody is
}

// Engine decides charges. It validates them, finds the key that a secret belongs to,
// and commits charges to the store in groups. It is safe for concurrent use.
//
// While one transaction is under way, the next charges queue. The next transaction
// takes all that wait. No timer holds a charge back.
type Engine struct {
	store    Store
	config   EngineConfig
	digests  *digestCache
	unknown  *failures.Budget
	resolver *groupcommit.Batcher[Digest, Digest, SecretRef]
	lanes    []*groupcommit.Batcher[KeyID, Item, Decision]
	leases   leaseKeeper
}

// NewEngine returns an engine that keeps its data in a store. Close the engine before
// the store.
func NewEngine(store Store, config EngineConfig) *Engine {
	if config.DigestCache <= 0 {
		config.DigestCache = 100_000
	}
	if config.MaxWait <= 0 {
		config.MaxWait = groupcommit.DefaultMaxWait
	}
	config.LeaseTTL = max(cmp.Or(config.LeaseTTL, DefaultLeaseTTL), time.Second)
	e := &Engine{store: store, config: config, digests: newDigestCache(config.DigestCache), unknown: config.Unknown.budget()}
	e.resolver = groupcommit.New(groupcommit.Config[Digest, Digest, SecretRef]{
		Key:      func(digest Digest) Digest { return digest },
		Commit:   store.ResolveDigests,
		MaxKeys:  groupcommit.DefaultMaxItems,
		MaxQueue: config.MaxQueue,
		MaxWait:  config.MaxWait,
	})
	e.leases.init(e, config.LeaseTTL)
	// A key always takes the same lane, so that two transactions of one engine
	// never wait for each other.
	for lane := range max(1, store.Lanes()) {
		e.lanes = append(e.lanes, groupcommit.New(groupcommit.Config[KeyID, Item, Decision]{
			Key:       func(item Item) KeyID { return item.KeyID },
			Commit:    e.commit,
			Split:     mayBeFaultOfOne,
			Unclaimed: e.releaseUnclaimed,
			Observe:   observerOf(store, lane, config.Observer),
			Start:     tracerOf(store, lane, config.Tracer),
			MaxQueue:  config.MaxQueue,
			MaxWait:   config.MaxWait,
		}))
	}
	return e
}

// Charge decides a charge. It returns after the decision is durable.
//
// An error means that no decision was made. Errors, by errors.Is and errors.As:
// [InvalidError] if the charge is malformed; [ErrStoreUnavailable] (also if ctx ended
// before the charge was sent) and [ErrClockSuspect] if nothing was charged;
// [ErrOutcomeUnknown] (also if ctx ended while the charge was being committed) if it
// may have been charged. They also wrap the context's own error. If the charge has an
// Idempotency or a Hold and contradicts an earlier charge, the error is
// [ErrIdempotencyMismatch] or [ErrReservationConflict], and nothing was charged. Nor was
// anything if it is [ErrTokenInvalid], because the charge's Token is not valid.
//
// A charge with a secret that this engine has seen before is always decided. Any
// other secret has to be looked up first. [UnknownSecrets] bounds such look-ups by
// the charge's IP. Beyond the bound the decision is [CodeKeyUnchecked]: it doesn't
// say whether the secret is valid, and nothing is changed.
func (e *Engine) Charge(ctx context.Context, charge Charge) (Decision, error) {
	charge, err := charge.Normalize()
	if err != nil {
		return Decision{}, err
	}
	if charge.Hold != nil {
		hold, err := charge.Hold.Normalize(time.Now())
		if err != nil {
			return Decision{}, err
		}
		charge.Hold = &hold
	}
	by := SecretRef{KeyID: charge.KeyID}
	if !charge.Secret.IsZero() {
		digest := charge.Secret.Digest(e.config.Pepper)
		var known bool
		if by, known = e.digests.get(digest); !known { // the read and the charge share the time that a caller waits
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, e.config.MaxWait)
			defer cancel()
			var refused Decision
			by, refused, err = e.lookUp(ctx, digest, charge.IP)
			if err != nil {
				return Decision{}, err
			}
			if by.KeyID.IsZero() {
				refused.DryRun = charge.DryRun
				return refused, nil
			}
		}
	}
	item := Item{KeyID: by.KeyID, SecretID: by.SecretID, Token: charge.Token, Charge: &charge, LeaseTTL: e.config.LeaseTTL}
	charge.Secret, charge.KeyID, charge.Token = Secret{}, KeyID{}, Digest{}
	decision, err := e.decide(ctx, item)
	if decision.Lease != nil {
		e.leases.keep(*decision.Lease)
	}
	return decision, err
}

// decide sends an item to the lane of its key.
func (e *Engine) decide(ctx context.Context, item Item) (Decision, error) {
	decision, err := e.lane(item.KeyID).Do(ctx, item)
	if err != nil {
		return Decision{}, chargeError(err)
	}
	// Such a code is about this key alone; the batch's other keys were decided.
	if err := decision.Code.Err(); err != nil {
		return Decision{}, err
	}
	return decision, nil
}

// Ready returns nil if charges can be decided and committed now. Otherwise its error
// says why not.
func (e *Engine) Ready(ctx context.Context) error { return e.store.Ready(ctx) }

// Close ends all leases, refuses new charges, and waits until the waiting ones have been answered or
// ctx ends. It does not close the store. Closing again only waits.
func (e *Engine) Close(ctx context.Context) error {
	e.leases.close(ctx)
	errs := []error{e.resolver.Close(ctx)}
	for _, lane := range e.lanes {
		errs = append(errs, lane.Close(ctx))
	}
	return errors.Join(errs...)
}

// resolve reads which key a digest belongs to; the zero SecretRef if to none. It
// looks up text of any form: nobody knows the form of a secret that was imported as a
// digest, and the prefix may have changed since a secret was made.
func (e *Engine) resolve(ctx context.Context, digest Digest) (SecretRef, error) {
	ref, err := e.resolver.Do(ctx, digest)
	if err != nil {
		return SecretRef{}, readError(err)
	}
	if !ref.KeyID.IsZero() { // an unknown secret may be issued a moment later
		e.digests.put(digest, ref)
	}
	return ref, nil
}

func (e *Engine) lane(id KeyID) *groupcommit.Batcher[KeyID, Item, Decision] {
	random := binary.BigEndian.Uint64(id[8:]) // the end of a version 7 UUID
	return e.lanes[random%uint64(len(e.lanes))]
}

func (e *Engine) commit(ctx context.Context, items []Item) ([]Decision, error) {
	return e.store.Charge(ctx, Batch{ID: uuid.New(), Items: items})
}

// mayBeFaultOfOne reports whether a batch has certainly failed, and one of its items
// may be the reason.
func mayBeFaultOfOne(err error) bool {
	return !errors.Is(err, ErrStoreUnavailable) && !errors.Is(err, ErrOutcomeUnknown)
}

// chargeError translates the batcher's words into ours.
func chargeError(err error) error {
	if errors.Is(err, groupcommit.ErrOutcomeUnknown) {
		return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
	}
	return readError(err)
}

// readError is chargeError for calls that change nothing, so that their outcome can't
// be unknown.
func readError(err error) error {
	switch {
	case errors.Is(err, groupcommit.ErrClosed):
		return fmt.Errorf("%w: %w", ErrStoreUnavailable, ErrClosed)
	case errors.Is(err, groupcommit.ErrNotSent), errors.Is(err, groupcommit.ErrOutcomeUnknown):
		return fmt.Errorf("%w: %w", ErrStoreUnavailable, err)
	}
	return err
}

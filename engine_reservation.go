package ration

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// sweepInterval is how often an instance looks for reservations that are due.
	sweepInterval = 5 * time.Second
	// sweepAtOnce is how many it ends at once. If some of them can't be ended, such
	// as those of a key whose row stays locked, it looks at more, up to sweepMost.
	sweepAtOnce = 256
	sweepMost   = 8192
)

// Settle ends a reservation: it counts what was really used, and releases the rest.
// It returns the ended reservation, after that is durable. It is safe to call again:
// the same settlement gets the same answer. Amounts go to the periods that the
// reservation was charged to; a rate gives nothing back.
//
// Pass the zero KeyID if you don't know the key: it is then looked up by the
// reservation's id.
//
// Errors, by errors.Is and errors.As, besides those of Charge: [InvalidError];
// [ErrReservationUnknown]; [ErrReservationConflict]; [ErrReservationExpired];
// [ErrSettlementTooLarge].
func (e *Engine) Settle(ctx context.Context, keyID KeyID, id ReservationID, used Settlement) (Reservation, error) {
	used, err := used.normalize()
	if err != nil {
		return Reservation{}, err
	}
	return e.end(ctx, keyID, &End{ID: id, Action: EndSettle, Amounts: used.Amounts, Overage: used.Overage})
}

// Void ends a reservation and counts nothing. Otherwise it is like Settle.
func (e *Engine) Void(ctx context.Context, keyID KeyID, id ReservationID) (Reservation, error) {
	return e.end(ctx, keyID, &End{ID: id, Action: EndVoid, Overage: OverageRefuse})
}

func (e *Engine) end(ctx context.Context, keyID KeyID, end *End) (Reservation, error) {
	if keyID.IsZero() {
		var cancel context.CancelFunc // the read and the end share the time that a caller waits
		ctx, cancel = context.WithTimeout(ctx, e.config.MaxWait)
		defer cancel()
		reservation, err := e.Reservation(ctx, keyID, end.ID)
		if err != nil {
			return Reservation{}, err
		}
		keyID = reservation.KeyID
	}
	decision, err := e.decide(ctx, Item{KeyID: keyID, End: end})
	if err != nil {
		return Reservation{}, err
	}
	if decision.Reservation == nil { // an unknown key has none
		return Reservation{}, ErrReservationUnknown
	}
	return *decision.Reservation, nil
}

// Refund gives a charge back to the periods that it was charged to, and returns after
// that is durable. It voids a reservation. Rates give nothing back. Use a receipt
// once: nothing remembers which receipts were used.
//
// An allowance bounds refunds: in each of its periods, a quota gives back at most a
// tenth of itself, but at least 10 units, or the whole of a smaller quota. A charge
// that would exceed the allowance of any of its meters is not given back at all. A
// charge that no quota bounds is given back only if fewer than 1,000 charges of its
// key and day were given back before.
//
// Errors besides those of Charge: [ErrRefundsExhausted]; for a reservation also
// [ErrReservationConflict] and [ErrReservationExpired] if it has ended in another
// way, and [ErrReservationUnknown] if it is no longer kept. After [ErrOutcomeUnknown]
// the charge may have been given back, so don't try again.
func (e *Engine) Refund(ctx context.Context, receipt Receipt) error {
	if receipt.KeyID.IsZero() || len(receipt.Postings) == 0 {
		return &InvalidError{Field: "receipt", Reason: "there is nothing to give back"}
	}
	_, err := e.decide(ctx, Item{KeyID: receipt.KeyID, Refund: &receipt})
	return err
}

// ExpireDue ends the reservations that are due (open, with their expiry in the past)
// of all keys, and returns how many it looked at. Any number of instances may call it
// at once: each reservation is ended once.
func (e *Engine) ExpireDue(ctx context.Context) (int, error) { return e.expireDue(ctx, sweepAtOnce) }

func (e *Engine) expireDue(ctx context.Context, most int) (int, error) {
	due, err := e.store.Reservations(ctx, ReservationFilter{Due: true, Limit: most})
	if err != nil {
		return 0, err
	}
	errs := make(chan error, len(due))
	for i := range due {
		go func() {
			_, err := e.end(ctx, due[i].KeyID, &End{ID: due[i].ID, Action: EndExpire, Overage: OverageRefuse})
			errs <- err
		}()
	}
	var first error
	failed := 0
	for range due {
		if err := <-errs; err != nil {
			first, failed = cmp.Or(first, err), failed+1
		}
	}
	if failed > 0 {
		return len(due), fmt.Errorf("%d of %d reservations that are due could not be ended: %w", failed, len(due), first)
	}
	return len(due), nil
}

// Sweep ends reservations that are due, again and again, until ctx ends. It passes
// errors to report, which may be nil, and goes on. No decision depends on Sweep:
// before a charge is denied because of reserved amounts, the key's due reservations
// are ended.
func (e *Engine) Sweep(ctx context.Context, report func(error)) {
	for most := sweepAtOnce; ; {
		found, err := e.expireDue(ctx, most)
		if err != nil && ctx.Err() == nil && report != nil {
			report(err)
		}
		switch {
		case found < most:
			most = sweepAtOnce
		case err == nil:
			continue
		default: // look behind those that can't be ended now
			most = min(2*most, sweepMost)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(sweepInterval):
		}
	}
}

// Reservation returns a reservation as it was committed last. A reservation that is
// due, but that nobody has ended yet, is still open.
//
// Pass the zero KeyID if you don't know the key: it is then looked up by the
// reservation's id.
//
// Errors, by errors.Is and errors.As: [ErrReservationUnknown]; [ErrStoreUnavailable];
// [InvalidError] if keyID is zero and several keys have a reservation with this id.
func (e *Engine) Reservation(ctx context.Context, keyID KeyID, id ReservationID) (Reservation, error) {
	if id.IsZero() { // which selects all
		return Reservation{}, ErrReservationUnknown
	}
	ctx, cancel := context.WithTimeout(ctx, e.config.MaxWait)
	defer cancel()
	found, err := e.store.Reservations(ctx, ReservationFilter{ID: id, KeyID: keyID, Limit: 2})
	switch {
	case err != nil && ctx.Err() != nil && !errors.Is(err, ErrStoreUnavailable):
		return Reservation{}, fmt.Errorf("%w: %w", ErrStoreUnavailable, err)
	case err != nil:
		return Reservation{}, err
	case len(found) == 0:
		return Reservation{}, ErrReservationUnknown
	case len(found) > 1: // made elsewhere, twice
		return Reservation{}, &InvalidError{Field: "key", Reason: "several keys have a reservation with this id: say which key you mean"}
	}
	return found[0], nil
}

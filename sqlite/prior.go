package sqlite

import (
	"context"
	"fmt"
	"slices"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/storedjson"
)

// keyPrior is what was read of a key.
type keyPrior struct {
	ledger.Prior
	refundedIn map[ledger.RefundPeriod]bool // that were looked for
}

// readPriors gives the accounts what items refer to of earlier charges.
func (tx *tx) readPriors(ctx context.Context, items []ration.Item, accounts map[ration.KeyID]*ledger.Account) error {
	var priors map[ration.KeyID]*keyPrior
	for i := range items {
		reference, refers := ledger.ReferenceOf(&items[i])
		id := items[i].KeyID
		if !refers || accounts[id] == nil {
			continue
		}
		if priors == nil {
			priors = make(map[ration.KeyID]*keyPrior)
		}
		if priors[id] == nil {
			priors[id] = &keyPrior{refundedIn: make(map[ledger.RefundPeriod]bool)}
		}
		if err := tx.readPrior(ctx, id, reference, priors[id]); err != nil {
			return fmt.Errorf("reading what was kept of earlier charges of %s: %w", id, err)
		}
	}
	for id, prior := range priors {
		accounts[id].TakePrior(prior.Prior)
	}
	return nil
}

// By the primary keys.
const (
	oneReservation = "SELECT " + reservationColumns + " FROM reservations WHERE api_key_id = ? AND id = ?"
	oneReplay      = "SELECT fingerprint, created_at, answer FROM idempotency_keys WHERE api_key_id = ? AND key = ?"
	refundedIn     = "SELECT units FROM refunds WHERE api_key_id = ? AND meter = ? AND period = ? AND label = ?"
	refundsOfDay   = "SELECT refunds FROM usage_days WHERE date = ? AND api_key_id = ? AND meter = '" + ration.MeterRequests + "'"
)

// readPrior reads what one item refers to, unless another one did.
func (tx *tx) readPrior(ctx context.Context, id ration.KeyID, reference ledger.Reference, prior *keyPrior) error {
	key := blob(id)
	sameID := func(r ration.Reservation) bool { return r.ID == reference.Reservation }
	if !reference.Reservation.IsZero() && !slices.ContainsFunc(prior.Reservations, sameID) {
		err := tx.query(ctx, oneReservation, []any{key, blob(reference.Reservation)}, func(r *row) error {
			prior.Reservations = append(prior.Reservations, r.reservation())
			return nil
		})
		if err != nil {
			return err
		}
	}
	sameKey := func(r ledger.Replay) bool { return r.Key == reference.IdempotencyKey }
	if reference.IdempotencyKey != "" && !slices.ContainsFunc(prior.Replays, sameKey) {
		err := tx.query(ctx, oneReplay, []any{key, reference.IdempotencyKey}, func(r *row) error {
			prior.Replays = append(prior.Replays, r.replay(id, reference.IdempotencyKey))
			return nil
		})
		if err != nil {
			return err
		}
	}
	return tx.readRefunds(ctx, key, reference, prior)
}

// readRefunds reads how much was given back in the periods of a receipt.
func (tx *tx) readRefunds(ctx context.Context, key []byte, reference ledger.Reference, prior *keyPrior) error {
	if day := reference.RefundsOf; day != nil && !slices.ContainsFunc(prior.Refunds, func(d ledger.DayRefunds) bool { return d.Date == *day }) {
		err := tx.query(ctx, refundsOfDay, []any{dateText(*day), key}, func(r *row) error {
			prior.Refunds = append(prior.Refunds, ledger.DayRefunds{Date: *day, Count: r.int(0)})
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, period := range reference.RefundedIn {
		if prior.refundedIn[period] {
			continue
		}
		prior.refundedIn[period] = true
		err := tx.query(ctx, refundedIn, []any{key, period.Meter, string(period.Period), int64(period.ID)}, func(r *row) error {
			prior.Refunded = append(prior.Refunded, ledger.PeriodRefunds{RefundPeriod: period, Units: r.int(0)})
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// dueAtOnce is how many reservations of a key one transaction expires. A key that
// has more of them due is denied until the sweep has caught up.
const dueAtOnce = 10_000

// By the index reservations_key_due.
const dueOfKey = "SELECT " + reservationColumns + ` FROM reservations
	WHERE api_key_id = ? AND state = 'open' AND expires_at <= ? ORDER BY expires_at LIMIT ?`

const laterOfKey = "SELECT " + reservationColumns + ` FROM reservations
	WHERE api_key_id = ? AND state = 'open' AND expires_at > ? ORDER BY expires_at LIMIT ?`

// reopen reads the open reservations of those keys whose charges were denied for what
// is reserved. It reports whether there are such keys, so that all have to be decided
// again.
func (tx *tx) reopen(ctx context.Context, accounts map[ration.KeyID]*ledger.Account) (bool, error) {
	needed := false
	for _, account := range accounts {
		needed = needed || account.Shortage() != ledger.NotShort
	}
	if !needed {
		return false, nil
	}
	for id, account := range accounts {
		var open []ration.Reservation
		if account.Shortage() != ledger.NotShort {
			var err error
			if open, err = tx.openReservations(ctx, id); err != nil {
				return false, fmt.Errorf("reading the open reservations of %s: %w", id, err)
			}
		}
		accounts[id] = account.WithOpen(open, tx.now, account.Shortage()) // all begin anew, for all are decided again
	}
	return true, nil
}

// openReservations reads what is due of a key and what will be next.
func (tx *tx) openReservations(ctx context.Context, id ration.KeyID) (open []ration.Reservation, err error) {
	take := func(r *row) error {
		open = append(open, r.reservation())
		return nil
	}
	if err := tx.query(ctx, dueOfKey, []any{blob(id), micros(tx.now), int64(dueAtOnce)}, take); err != nil {
		return nil, err
	}
	err = tx.query(ctx, laterOfKey, []any{blob(id), micros(tx.now), int64(ledger.HeldAtMost)}, take)
	return open, err
}

// addRefund adds to what was given back in a period. By the primary key.
const addRefund = `INSERT INTO refunds (api_key_id, meter, period, label, units, created_at) VALUES (?,?,?,?,?,?)
ON CONFLICT (api_key_id, meter, period, label) DO UPDATE SET units = units + excluded.units`

// recordPrior writes what later charges may refer to. It reports whether there
// was anything.
func (tx *tx) recordPrior(ctx context.Context, id ration.KeyID, account *ledger.Account) (changed bool, err error) {
	if !account.HasPrior() {
		return false, nil
	}
	key := blob(id)
	for _, refunded := range account.Refunded() {
		changed = true
		values := []any{key, refunded.Meter, string(refunded.Period), int64(refunded.ID), refunded.Units, micros(tx.now)}
		if err := tx.execOne(ctx, addRefund, values...); err != nil {
			return changed, fmt.Errorf("counting a refund: %w", err)
		}
	}
	for _, r := range account.NewReservations() {
		changed = true
		if err := tx.execOne(ctx, insertReservation, reservationValues(key, r)...); err != nil {
			return changed, fmt.Errorf("making reservation %s: %w", r.ID, err)
		}
	}
	for _, r := range account.ChangedReservations() {
		changed = true
		settled := optionalString(storedjson.Amounts(r.Settled))
		if err := tx.execOne(ctx, endReservation, string(r.State), settled, optionalMicros(r.EndedAt), optionalMicros(r.LateAt), key, blob(r.ID)); err != nil {
			return changed, fmt.Errorf("ending reservation %s: %w", r.ID, err)
		}
	}
	for _, freed := range account.FreedIdempotencyKeys() {
		changed = true
		if _, err := tx.exec(ctx, forgetReplay, key, freed); err != nil {
			return changed, fmt.Errorf("forgetting an idempotency key: %w", err)
		}
	}
	for _, replay := range account.NewReplays() {
		changed = true
		if err := tx.execOne(ctx, rememberReplay, replayValues(key, replay)...); err != nil {
			return changed, fmt.Errorf("remembering an idempotency key: %w", err)
		}
	}
	return changed, nil
}

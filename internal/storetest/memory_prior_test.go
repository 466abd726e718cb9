package storetest_test

import (
	"context"
	"runtime"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

type dayOfKey struct {
	key  ration.KeyID
	date ration.PeriodID
}

type periodOfKey struct {
	key ration.KeyID
	ledger.RefundPeriod
}

type nameOfKey struct {
	key  ration.KeyID
	name string
}

// Reservations implements ration.Store.
func (m *memory) Reservations(_ context.Context, filter ration.ReservationFilter) ([]ration.Reservation, error) {
	now := m.time()
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []ration.Reservation
	for _, r := range m.reservations {
		switch {
		case !filter.ID.IsZero() && r.ID != filter.ID, !filter.KeyID.IsZero() && r.KeyID != filter.KeyID,
			(filter.Open || filter.Due) && r.State != ration.ReservationOpen, filter.Due && now.Before(r.ExpiresAt):
			continue
		}
		found = append(found, r)
	}
	slices.SortStableFunc(found, func(a, b ration.Reservation) int { return a.ExpiresAt.Compare(b.ExpiresAt) })
	if filter.Limit > 0 && len(found) > filter.Limit {
		found = found[:filter.Limit]
	}
	return found, nil
}

// prior returns what a key's charges refer to. Held are all reservations.
func (m *memory) prior(id ration.KeyID, items []ration.Item, held []ration.Reservation) (prior ledger.Prior) {
	if m.fault != readsHoldsEarly {
		held = m.reservations
	}
	for _, r := range held {
		names := func(i ration.Item) bool {
			reference, refers := ledger.ReferenceOf(&i)
			return refers && reference.Reservation == r.ID
		}
		if r.KeyID == id && slices.ContainsFunc(items, names) {
			prior.Reservations = append(prior.Reservations, m.spoil(r))
		}
	}
	for key, replay := range m.replays {
		switch {
		case m.fault == forgetsCharges, m.fault == forgetsChargesEarly && m.time().Sub(replay.CreatedAt) > time.Hour:
		case key.key == id, m.fault == sharesIdempotencyKeys:
			prior.Replays = append(prior.Replays, replay)
		}
	}
	for day, count := range m.refunds {
		if day.key == id {
			prior.Refunds = append(prior.Refunds, ledger.DayRefunds{Date: day.date, Count: count})
		}
	}
	for period, units := range m.refunded {
		if period.key == id {
			prior.Refunded = append(prior.Refunded, ledger.PeriodRefunds{RefundPeriod: period.RefundPeriod, Units: units})
		}
	}
	return prior
}

// writeRefunded counts what was given back, or not, as a fault wants it.
func (m *memory) writeRefunded(id ration.KeyID, refunded ledger.PeriodRefunds) {
	switch {
	case m.fault == refundsRequestsAlone && refunded.Meter != ration.MeterRequests,
		m.fault == refundsDaysAlone && refunded.Period != ration.PeriodDay:
		return
	case m.fault == countsRefundedCharges:
		refunded.Units = 1
	case m.fault == refundsOneForAll:
		refunded.ID = 0
	}
	m.refunded[periodOfKey{id, refunded.RefundPeriod}] += refunded.Units
}

// spoil changes a reservation as it is read, as a fault wants it.
func (m *memory) spoil(r ration.Reservation) ration.Reservation {
	switch m.fault {
	case expiresAsIfReleased:
		r.AtExpiry = ration.AtExpiryRelease
	case postsToTheRunningDay:
		r.Held = m.toRunning(r.KeyID, r.Held)
	}
	return r
}

// toRunning moves postings to the periods that run.
func (m *memory) toRunning(id ration.KeyID, postings []ration.Posting) []ration.Posting {
	moved := slices.Clone(postings)
	for i := range moved {
		if entry := m.usage[id].Meter(moved[i].Meter); entry != nil {
			for w := range entry.Windows {
				moved[i].Periods[w] = entry.Windows[w].ID
			}
		}
	}
	return moved
}

// readHolds reads all reservations before the lock, as a fault wants it, and
// lets others do the same.
func (m *memory) readHolds() []ration.Reservation {
	if m.fault != readsHoldsEarly {
		return nil
	}
	m.mu.Lock()
	held := slices.Clone(m.reservations)
	m.mu.Unlock()
	for range 50 {
		runtime.Gosched()
	}
	return held
}

// decideAgain decides a batch anew where something is due.
func (m *memory) decideAgain(accounts map[ration.KeyID]*ledger.Account, batch ration.Batch, tokens *ledger.Tokens, clock ledger.Clock, decisions []ration.Decision) {
	if !m.reopen(accounts, clock.Now) {
		return
	}
	for i, item := range batch.Items {
		_, refused := tokens.Refuse(&item, clock)
		if account := accounts[item.KeyID]; account != nil && !refused {
			decisions[i] = m.decide(account, item, clock)
		}
	}
}

// reopen reads the open reservations where an account needs them. All accounts then begin
// anew, for all charges are decided again.
func (m *memory) reopen(accounts map[ration.KeyID]*ledger.Account, now time.Time) bool {
	needed := false
	for _, account := range accounts {
		needed = needed || account.Shortage() != ledger.NotShort
	}
	if !needed || m.fault == leavesWhatIsDue {
		return false
	}
	for id, account := range accounts {
		if account.Shortage() == ledger.NotShort && m.fault == decidesHalfAnew {
			continue
		}
		var open []ration.Reservation
		for _, r := range m.reservations {
			if account.Shortage() != ledger.NotShort && r.KeyID == id && r.State == ration.ReservationOpen && (m.fault != readsWhatIsDueOnly || r.DueAt(now)) {
				open = append(open, r)
			}
		}
		slices.SortStableFunc(open, func(a, b ration.Reservation) int { return a.ExpiresAt.Compare(b.ExpiresAt) })
		accounts[id] = account.WithOpen(open, now, account.Shortage())
	}
	return true
}

func (m *memory) writePrior(id ration.KeyID, account *ledger.Account) {
	for _, refunded := range account.Refunded() {
		m.writeRefunded(id, refunded)
	}
	for _, r := range account.NewReservations() {
		m.reservations = append(m.reservations, *r)
	}
	for _, changed := range account.ChangedReservations() {
		if m.fault == forgetsEnds {
			continue
		}
		i := slices.IndexFunc(m.reservations, func(r ration.Reservation) bool { return r.KeyID == id && r.ID == changed.ID })
		m.reservations[i] = *changed
	}
	for _, key := range account.FreedIdempotencyKeys() {
		if m.fault == keepsFreedKeys {
			continue
		}
		delete(m.replays, nameOfKey{id, key})
	}
	for _, replay := range account.NewReplays() {
		m.replays[nameOfKey{id, replay.Key}] = *replay
	}
}

// KeyLog implements admin.RequestLog. The memory store writes no log.
func (m *memory) KeyLog(_ context.Context, id ration.KeyID, _ func(ledger.LogEntry)) (admin.KeyCounts, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return admin.KeyCounts{Usage: m.usage[id].Clone()}, nil
}

// LastRefused implements admin.RequestLog.
func (m *memory) LastRefused(context.Context, ration.KeyID) ([]ledger.LogEntry, error) {
	return nil, nil
}

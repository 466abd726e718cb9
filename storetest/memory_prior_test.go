package storetest_test

import (
	"context"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

type dayOfKey struct {
	key  ration.KeyID
	date ration.Label
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

// prior returns what a key's charges refer to.
func (m *memory) prior(id ration.KeyID, charges []ration.Charge) (prior ration.Prior) {
	for _, r := range m.reservations {
		names := func(c ration.Charge) bool {
			reference, refers := c.Reference()
			return refers && reference.Reservation == r.ID
		}
		if r.KeyID == id && slices.ContainsFunc(charges, names) {
			prior.Reservations = append(prior.Reservations, r)
		}
	}
	for key, replay := range m.replays {
		if key.key == id {
			prior.Replays = append(prior.Replays, replay)
		}
	}
	for day, count := range m.refunds {
		if day.key == id {
			prior.Refunds = append(prior.Refunds, ration.DayRefunds{Date: day.date, Count: count})
		}
	}
	return prior
}

// reopen expires what is due where an account needs it. All accounts then begin
// anew, for all charges are decided again.
func (m *memory) reopen(accounts map[ration.KeyID]*ration.Account, now time.Time) bool {
	needed := false
	for _, account := range accounts {
		needed = needed || account.NeedsDue()
	}
	if !needed {
		return false
	}
	for id, account := range accounts {
		var due []ration.Reservation
		for _, r := range m.reservations {
			if account.NeedsDue() && r.KeyID == id && r.State == ration.ReservationOpen && !now.Before(r.ExpiresAt) {
				due = append(due, r)
			}
		}
		accounts[id] = account.Reopen(due, now)
	}
	return true
}

func (m *memory) writePrior(id ration.KeyID, account *ration.Account) {
	for _, r := range account.NewReservations() {
		m.reservations = append(m.reservations, *r)
	}
	for _, changed := range account.ChangedReservations() {
		i := slices.IndexFunc(m.reservations, func(r ration.Reservation) bool { return r.KeyID == id && r.ID == changed.ID })
		m.reservations[i] = *changed
	}
	for _, key := range account.FreedIdempotencyKeys() {
		delete(m.replays, nameOfKey{id, key})
	}
	for _, replay := range account.NewReplays() {
		m.replays[nameOfKey{id, replay.Key}] = replay
	}
}

// KeyLog implements admin.RequestLog. The memory store writes no log.
func (m *memory) KeyLog(_ context.Context, id ration.KeyID, _ func(ration.LogEntry)) (admin.KeyCounts, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return admin.KeyCounts{Usage: m.usage[id].Clone()}, nil
}

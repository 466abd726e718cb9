package storetest_test

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// page sorts rows by their positions and returns those after one. With a fault it skips
// as many rows as there were up to that position when the list was last asked for.
func page[T any, P comparable](m *memory, rows []T, position func(*T) P, compare func(a, b P) int, descending bool, after P, limit, standard int) []T {
	order := func(a, b P) int {
		if descending {
			a, b = b, a
		}
		return compare(a, b)
	}
	slices.SortFunc(rows, func(a, b T) int { return order(position(&a), position(&b)) })
	var none P
	switch {
	case after == none:
		m.listed.Store(0)
	case m.fault == pagesByNumber:
		rows = rows[min(int(m.listed.Load()), len(rows)):]
	default:
		rows = slices.DeleteFunc(rows, func(row T) bool { return order(position(&row), after) <= 0 })
	}
	rows = atMost(rows, limit, standard)
	m.listed.Add(int64(len(rows)))
	return rows
}

func (m *memory) ListTokens(_ context.Context, filter admin.TokenFilter) ([]admin.Token, error) {
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	var tokens []admin.Token
	for _, token := range m.tokens {
		tokens = append(tokens, token.Token)
	}
	compare := func(a, b admin.TokenPosition) int {
		if filter.ByName {
			return cmp.Or(cmp.Compare(a.Name, b.Name), bytes.Compare(a.ID[:], b.ID[:]))
		}
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), bytes.Compare(a.ID[:], b.ID[:]))
	}
	return page(m, tokens, (*admin.Token).Position, compare, filter.Descending, filter.After, filter.Limit, len(tokens)), nil
}

func (m *memory) ListPlans(_ context.Context, filter admin.NameFilter) ([]ration.Plan, error) {
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	var plans []ration.Plan
	for _, plan := range m.plans {
		plans = append(plans, copyPlan(plan))
	}
	name := func(p *ration.Plan) string { return p.Name }
	return page(m, plans, name, cmp.Compare[string], filter.Descending, filter.After, filter.Limit, len(plans)), nil
}

func (m *memory) ListMeters(_ context.Context, filter admin.NameFilter) ([]admin.Meter, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	meters := slices.Collect(maps.Values(m.meters))
	name := func(meter *admin.Meter) string { return meter.Name }
	return page(m, meters, name, cmp.Compare[string], filter.Descending, filter.After, filter.Limit, len(meters)), nil
}

func (m *memory) ListAudit(_ context.Context, filter admin.AuditFilter) ([]admin.AuditEntry, error) {
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	var entries []admin.AuditEntry
	for _, entry := range m.audit {
		if matches(filter.Target, entry.Target) && matches(filter.Actor, entry.Actor) && matches(filter.Action, entry.Action) &&
			!entry.At.Before(filter.Since) && (filter.Until.IsZero() || entry.At.Before(filter.Until)) {
			entries = append(entries, entry)
		}
	}
	compare := func(a, b admin.AuditPosition) int {
		return cmp.Or(a.At.Compare(b.At), bytes.Compare(a.ID[:], b.ID[:]))
	}
	return page(m, entries, (*admin.AuditEntry).Position, compare, !filter.OldestFirst, filter.After, filter.Limit, 1_000), nil
}

func (m *memory) OpenReservations(_ context.Context, most int) (open admin.OpenReservations, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []ration.Reservation
	for _, r := range m.reservations {
		if r.State == ration.ReservationOpen {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b ration.Reservation) int { return a.ExpiresAt.Compare(b.ExpiresAt) })
	found = found[:min(most, len(found))]
	slices.SortFunc(found, func(a, b ration.Reservation) int { return a.CreatedAt.Compare(b.CreatedAt) })
	open.Count, open.Now = int64(len(found)), m.time()
	if len(found) > 0 {
		open.Oldest = found[0].CreatedAt
	}
	return open, nil
}

func (m *memory) ListReservations(_ context.Context, filter admin.ReservationFilter) ([]ration.Reservation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []ration.Reservation
	for _, r := range m.reservations {
		key := m.keys[r.KeyID]
		if matches(filter.KeyID, r.KeyID) && matches(filter.State, r.State) && isOneOf(filter.Owners, key.Owner) && isOneOf(filter.Plans, key.Plan) {
			r.Fingerprint, r.Limits = ration.Fingerprint{}, nil
			found = append(found, r)
		}
	}
	compare := func(a, b admin.ReservationPosition) int {
		return cmp.Or(bytes.Compare(a.ID[:], b.ID[:]), compareIDs(a.KeyID, b.KeyID))
	}
	return page(m, found, admin.ReservationAt, compare, !filter.OldestFirst, filter.After, filter.Limit, 1_000), nil
}

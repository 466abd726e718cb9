package storetest_test

import (
	"context"
	"maps"
	"slices"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

func (m *memory) Standings(_ context.Context, after ration.KeyID, look int) (admin.Standings, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	clock := m.clock()
	found := admin.Standings{Now: clock.Now, Plans: maps.Clone(m.plans)}
	ids := slices.SortedFunc(maps.Keys(m.keys), compareIDs)
	ids = slices.DeleteFunc(ids, func(id ration.KeyID) bool { return compareIDs(id, after) <= 0 })
	if len(ids) >= look {
		ids = ids[:look]
		found.Last = ids[look-1]
	}
	for _, id := range ids {
		record := copyRecord(*m.keys[id])
		if record.Secrets = nil; record.Status != ration.StatusActive {
			continue
		}
		usage := m.usage[id].Clone()
		if m.fault != forgetsLeases {
			ledger.CountLeases(usage, m.leases[id], clock)
		}
		found.Keys = append(found.Keys, admin.Standing{KeyRecord: record, Usage: usage})
	}
	return found, nil
}

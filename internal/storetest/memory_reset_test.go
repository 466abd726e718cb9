package storetest_test

import (
	"context"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

func (m *memory) resetUsage(_ context.Context, id ration.KeyID, reset func(*admin.UsageReset) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.keys[id] == nil {
		return ration.ErrNotFound
	}
	seen := m.see(m.keys[id])
	change := admin.UsageReset{Now: m.time(), Key: seen.record, Plans: ledger.Plans{Now: seen.plan, Next: m.plans[seen.record.NextPlan]}, Usage: seen.usage}
	if err := reset(&change); err != nil {
		return err
	}
	m.usage[id] = change.Usage
	m.log(change.Audit)
	return nil
}

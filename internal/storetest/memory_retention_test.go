package storetest_test

import (
	"context"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/storetest"
)

func (m *memory) HistorySince(context.Context) (ration.PeriodID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.daysSince, nil
}

// purge deletes days that have been over for some time everywhere, and old traffic and
// entries of the audit log.
func (m *memory) purge(_ context.Context, _ storetest.Store, older time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	clock := m.clock()
	if clock.Suspect {
		return nil
	}
	before := clock.Now.Add(-older).Add(-24 * time.Hour)
	if m.fault == deletesByUTC {
		before = before.Add(24 * time.Hour)
	}
	year, month, date := before.UTC().Date()
	first := ration.DateID(year, month, date)
	kept := slices.DeleteFunc(slices.Clone(m.days), func(day admin.UsageDay) bool {
		return day.Date < first && (m.fault == deletesHeldDays || !m.mayBeSettledTo(day))
	})
	if len(kept) < len(m.days) {
		m.days, m.daysSince = kept, max(m.daysSince, first)
	}
	m.purgeEvents(clock.Now.Add(-older))
	m.purgeTraffic(clock.Now.Add(-older).Truncate(time.Hour))
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	m.audit = slices.DeleteFunc(m.audit, func(entry admin.AuditEntry) bool { return entry.At.Before(clock.Now.Add(-older)) })
	return nil
}

func (m *memory) mayBeSettledTo(day admin.UsageDay) bool {
	return slices.ContainsFunc(m.reservations, func(r ration.Reservation) bool {
		return r.KeyID == day.KeyID && r.EndedAt.IsZero() && r.CreatedAt.Before(day.Date.Date().Add(48*time.Hour))
	})
}

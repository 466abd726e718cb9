package storetest_test

import (
	"context"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

func (m *memory) RaiseUsage(ctx context.Context, days []admin.DayKey, raise func(*admin.UsageRaise) error) error {
	ids, err := admin.DayKeys(days)
	if err != nil {
		return err
	}
	return m.step(ctx, func() error { return changeUsage(m, ids, m.usageRaise, raise, m.writeRaise) })
}

func (m *memory) usageRaise(id ration.KeyID) admin.UsageRaise {
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	raise := admin.UsageRaise{
		Now: m.time(), KeyID: id, TimeZone: m.keys[id].TimeZone, Usage: m.usage[id].Clone(), Days: map[admin.DayKey]admin.MeterDay{}, Units: m.units(),
	}
	if raise.TimeZone == "" {
		raise.TimeZone = m.plans[m.keys[id].Plan].TimeZone
	}
	if m.fault != importsDeleted {
		raise.Since = m.daysSince
	}
	for _, day := range m.days {
		if day.KeyID == id && m.fault != importsAgain {
			key := admin.DayKey{KeyID: id, Meter: day.Meter, Date: day.Date}
			raise.Days[key] = admin.MeterDay{Date: day.Date, Used: day.Used, Denied: day.Denied, LastRequestAt: day.LastRequestAt}
		}
	}
	return raise
}

func (m *memory) writeRaise(raise *admin.UsageRaise) {
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	for _, addition := range raise.Additions {
		if m.fault == raisesHistoryAlone {
			addition.Windows = [len(ration.WindowPeriods)]ledger.Window{}
		}
		m.writeUsage(raise.KeyID, addition.MeterWrite)
		entry := m.usage[raise.KeyID].Meter(addition.Meter)
		if first := addition.FirstRequestAt; first.Before(entry.FirstRequestAt) && first != (time.Time{}) {
			entry.FirstRequestAt = first
		}
		for _, day := range addition.Days {
			m.writeDay(raise.KeyID, addition.Meter, ledger.DayWrite{
				Date: day.Date, Used: day.Used, Denied: day.Denied, LastRequestAt: day.LastRequestAt,
			})
		}
	}
	m.log(raise.Audit)
}

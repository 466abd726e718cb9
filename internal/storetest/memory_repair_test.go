package storetest_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

func (m *memory) Database(context.Context) (admin.Database, time.Time, error) {
	return admin.Database{Kind: "memory", Version: "1", Schema: 1, Size: 1}, m.time(), nil
}

func (m *memory) Examine(context.Context, bool) ([]admin.Finding, error) {
	clock := m.clock()
	return []admin.Finding{{Check: "memory", State: admin.FindingOK}, admin.ClockFinding(clock.Now, m.instanceTime())}, nil
}

func (m *memory) instanceTime() time.Time {
	m.clockMu.Lock()
	defer m.clockMu.Unlock()
	return m.instanceNow
}

func (m *memory) KeysAhead(_ context.Context, after ration.KeyID, look int) (admin.KeysAhead, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ahead := admin.KeysAhead{Now: m.time()}
	hour, date := admin.LatestPeriods(ahead.Now)
	looked := 0
	for _, id := range slices.SortedFunc(maps.Keys(m.keys), compareIDs) {
		if compareIDs(id, after) <= 0 {
			continue
		}
		if looked == look {
			return ahead, nil
		}
		looked++
		ahead.Last = id
		requests := m.usage[id].Meter(ration.MeterRequests)
		if max(requests.Windows[0].ID, requests.Counted.Hour) > hour || slices.ContainsFunc(m.days, func(d admin.UsageDay) bool {
			return d.KeyID == id && d.Meter == ration.MeterRequests && d.Date > date
		}) {
			ahead.IDs = append(ahead.IDs, id)
		}
	}
	ahead.Last = ration.KeyID{}
	return ahead, nil
}

func (m *memory) RepairUsage(_ context.Context, ids []ration.KeyID, repair func(*admin.UsageRepair) error) error {
	ids, err := admin.LockOrder(ids)
	if err != nil {
		return err
	}
	return changeUsage(m, ids, m.usageRepair, repair, m.writeRepair)
}

// changeUsage changes what keys have used, all of them or, after an error, none.
func changeUsage[T any](m *memory, ids []ration.KeyID, read func(ration.KeyID) T, change func(*T) error, write func(*T)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.clock().Suspect {
		return ration.ErrClockSuspect
	}
	var changed []T
	for _, id := range ids {
		if m.keys[id] == nil {
			return ration.ErrNotFound
		}
		one := read(id)
		switch err := change(&one); {
		case errors.Is(err, admin.ErrUnchanged):
		case err != nil:
			return err
		default:
			changed = append(changed, one)
		}
	}
	for i := range changed {
		write(&changed[i])
	}
	return nil
}

func (m *memory) usageRepair(id ration.KeyID) admin.UsageRepair {
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	repair := admin.UsageRepair{Now: m.time(), KeyID: id, TimeZone: m.keys[id].TimeZone}
	if repair.TimeZone == "" {
		repair.TimeZone = m.plans[m.keys[id].Plan].TimeZone
	}
	for _, r := range m.reservations {
		if r.KeyID == id && r.State == ration.ReservationOpen {
			repair.Open = append(repair.Open, r)
		}
	}
	for _, usage := range m.usage[id].Clone() {
		record := admin.MeterRecord{MeterUsage: usage}
		for _, day := range m.days {
			if day.KeyID == id && day.Meter == usage.Meter && day.Date >= admin.RepairFrom(repair.Now) {
				record.Days = append(record.Days, admin.MeterDay{
					Date: day.Date, Used: day.Used, Denied: day.Denied, LastRequestAt: day.LastRequestAt, Refunds: m.refundsOf(id, usage.Meter, day.Date),
				})
			}
		}
		for hour, count := range m.hours {
			if hour.key == id && hour.meter == usage.Meter && hour.hour >= ration.HourID(repair.Now) {
				record.Hours = append(record.Hours, count)
			}
		}
		for period, units := range m.refunded {
			if period.key == id && period.Meter == usage.Meter && period.Period != ration.PeriodLifetime {
				record.Refunded = append(record.Refunded, ledger.PeriodRefunds{RefundPeriod: period.RefundPeriod, Units: units})
			}
		}
		slices.SortFunc(record.Days, func(a, b admin.MeterDay) int { return int(a.Date) - int(b.Date) })
		repair.Meters = append(repair.Meters, record)
	}
	return repair
}

// refundsOf returns how many charges of a day were given back, which is kept for
// requests.
func (m *memory) refundsOf(id ration.KeyID, meter string, date ration.PeriodID) int64 {
	if meter != ration.MeterRequests {
		return 0
	}
	return m.refunds[dayOfKey{id, date}]
}

// moveRefunds moves what was given back, or forgets it, as a fault wants it.
func (m *memory) moveRefunds(id ration.KeyID, meter admin.MeterRecord) {
	if meter.Meter == ration.MeterRequests {
		for _, date := range meter.Fold.From {
			delete(m.refunds, dayOfKey{id, date})
		}
	}
	for _, move := range meter.Moved {
		for _, from := range move.From {
			delete(m.refunded, periodOfKey{id, from})
		}
		if m.fault != repairsForgetRefunds {
			m.refunded[periodOfKey{id, move.Into.RefundPeriod}] += move.Into.Units
		}
	}
}

func (m *memory) writeRepair(repair *admin.UsageRepair) {
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	for _, meter := range repair.Meters {
		*m.usage[repair.KeyID].Meter(meter.Meter) = meter.MeterUsage
		for _, hour := range meter.HoursFrom {
			delete(m.hours, hourOfKey{repair.KeyID, meter.Meter, hour})
		}
		m.days = slices.DeleteFunc(m.days, func(d admin.UsageDay) bool {
			return d.KeyID == repair.KeyID && d.Meter == meter.Meter && slices.Contains(meter.Fold.From, d.Date)
		})
		if into := meter.Fold.Into; len(meter.Fold.From) > 0 {
			m.writeDay(repair.KeyID, meter.Meter, ledger.DayWrite{
				Date: into.Date, Used: into.Used, Denied: into.Denied, LastRequestAt: into.LastRequestAt, Refunds: into.Refunds,
			})
		}
		m.moveRefunds(repair.KeyID, meter)
	}
	secrets := m.keys[repair.KeyID].Secrets
	for i := range secrets {
		if secrets[i].LastUsedAt.After(repair.Now) {
			secrets[i].LastUsedAt = repair.Now
		}
	}
	m.log(repair.Audit)
}

package storetest_test

import (
	"cmp"
	"context"
	"slices"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

type hourOfKey struct {
	key   ration.KeyID
	meter string
	hour  ration.PeriodID
}

func (m *memory) writeHours(id ration.KeyID, entry *ledger.MeterUsage, write *ledger.MeterWrite) {
	if entry.Counted.Hour != write.Counted.Hour {
		entry.Counted = ledger.HourCount{Hour: write.Counted.Hour}
	}
	entry.Counted = entry.Counted.Count(write.Counted)
	if m.fault == forgetsHours {
		return
	}
	for _, count := range write.OtherHours {
		m.addHour(id, write.Meter, count)
	}
}

func (m *memory) addHour(id ration.KeyID, meter string, count ledger.HourCount) {
	hour := hourOfKey{id, meter, count.Hour}
	before := m.hours[hour]
	before.Hour = count.Hour
	m.hours[hour] = before.Count(count)
}

func (m *memory) UsageHours(_ context.Context, filter admin.HourFilter) (hours []admin.UsageHour, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	add := func(id ration.KeyID, meter string, count ledger.HourCount) {
		key, start := m.keys[id], count.Hour.Hour()
		if count != (ledger.HourCount{Hour: count.Hour}) && matches(filter.KeyID, id) && matches(filter.Owner, key.Owner) && matches(filter.Meter, meter) &&
			!start.Before(filter.From) && (filter.To.IsZero() || start.Before(filter.To)) {
			hours = append(hours, admin.UsageHour{KeyID: id, KeyName: key.Name, Owner: key.Owner, Meter: meter, Hour: start, Used: count.Net(), Denied: count.Denied})
		}
	}
	for hour, count := range m.hours {
		add(hour.key, hour.meter, count)
	}
	for id, usage := range m.usage {
		for i := range usage {
			add(id, usage[i].Meter, usage[i].Counted)
		}
	}
	slices.SortFunc(hours, func(a, b admin.UsageHour) int {
		return cmp.Or(a.Hour.Compare(b.Hour), compareIDs(a.KeyID, b.KeyID), ration.CompareMeters(a.Meter, b.Meter))
	})
	return atMost(hours, filter.Limit, 10_000), nil
}

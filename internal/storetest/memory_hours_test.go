package storetest_test

import (
	"cmp"
	"context"
	"slices"
	"time"

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
		if count != (ledger.HourCount{Hour: count.Hour}) && matches(filter.KeyID, id) && matches(filter.Owner, key.Owner) && isOneOf(filter.Owners, key.Owner) && isOneOf(filter.Plans, key.Plan) && matches(filter.Meter, meter) &&
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

func (m *memory) SumHours(ctx context.Context, ask func(now, since time.Time) (admin.HourQuestion, error)) (report admin.UsageReport, err error) {
	question, err := ask(m.time(), time.Time{})
	if err != nil {
		return report, err
	}
	filter := question.HourFilter
	filter.From, filter.To, filter.Limit = time.Time{}, time.Time{}, 1<<30
	hours, err := m.UsageHours(ctx, filter)
	if err != nil {
		return report, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	report.Sums, report.Totals = m.sumHours(hours, question.Spans, question.By), m.sumHours(hours, question.Spans, nil)
	kept := atMost(report.Sums, question.Limit, 10_000)
	report.More = len(kept) < len(report.Sums)
	report.Sums = kept
	return report, nil
}

func (m *memory) sumHours(hours []admin.UsageHour, spans []admin.HourSpan, by []admin.UsageGroup) []admin.UsageSum {
	groups := make(map[admin.UsageSum]admin.UsageSum)
	for _, hour := range hours {
		i := slices.IndexFunc(spans, func(s admin.HourSpan) bool { return !hour.Hour.Before(s.From) && hour.Hour.Before(s.To) })
		if i < 0 {
			continue
		}
		group := m.groupOf(hour.KeyID, hour.Meter, by)
		if slices.Contains(by, admin.ByDay) || slices.Contains(by, admin.ByMonth) {
			group.Date = spans[i].Date
		}
		if slices.Contains(by, admin.ByHour) {
			group.Hour = hour.Hour
		}
		sum, found := groups[group]
		if !found {
			sum = group
		}
		sum.Used += hour.Used
		sum.Denied += hour.Denied
		groups[group] = sum
	}
	return sortedSums(groups)
}

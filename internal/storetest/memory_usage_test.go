package storetest_test

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

func (m *memory) KeyUsage(_ context.Context, id ration.KeyID) (ledger.Usage, time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.keys[id] == nil {
		return nil, time.Time{}, ration.ErrNotFound
	}
	usage, clock := m.usage[id].Clone(), m.clock()
	ledger.CountLeases(usage, m.leases[id], clock)
	return usage, clock.Now, nil
}

func (m *memory) UsageOfKeys(_ context.Context, ids []ration.KeyID) (map[ration.KeyID]ledger.Usage, time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	usage := make(map[ration.KeyID]ledger.Usage, len(ids))
	for _, id := range ids {
		if m.keys[id] != nil {
			usage[id] = m.usage[id].Clone()
		}
	}
	return usage, m.time(), nil
}

func (m *memory) UsageDays(_ context.Context, filter admin.UsageFilter) ([]admin.UsageDay, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var days []admin.UsageDay
	for _, day := range m.days {
		if matches(filter.KeyID, day.KeyID) && matches(filter.Owner, day.Owner) &&
			(len(filter.KeyIDs) == 0 || slices.Contains(filter.KeyIDs, day.KeyID)) && isOneOf(filter.Owners, day.Owner) && isOneOf(filter.Plans, m.keys[day.KeyID].Plan) && matches(filter.Meter, day.Meter) &&
			day.Date >= filter.From && (filter.To == 0 || day.Date <= filter.To) {
			days = append(days, day)
		}
	}
	compare := func(a, b admin.UsagePosition) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), compareIDs(a.KeyID, b.KeyID), cmp.Compare(a.Meter, b.Meter))
	}
	return page(m, days, (*admin.UsageDay).Position, compare, filter.NewestFirst, filter.After, filter.Limit, 10_000), nil
}

func (*memory) ReportPause(time.Duration) time.Duration { return 0 }

func (m *memory) EndOfPart(_ context.Context, date ration.PeriodID, after ration.KeyID, rows int) (last ration.KeyID, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ids []ration.KeyID
	for _, day := range m.days {
		if day.Date == date && compareIDs(day.KeyID, after) > 0 {
			ids = append(ids, day.KeyID)
		}
	}
	slices.SortFunc(ids, compareIDs)
	if len(ids) >= rows {
		last = ids[rows-1]
	}
	return last, nil
}

func (m *memory) SumUsage(ctx context.Context, question admin.UsageQuestion, keys admin.KeyRange) (report admin.UsageReport, err error) {
	filter := question.UsageFilter
	filter.Limit = 1 << 30
	days, err := m.UsageDays(ctx, filter)
	if err != nil {
		return report, err
	}
	days = slices.DeleteFunc(days, func(day admin.UsageDay) bool {
		if m.fault == losesEndsOfParts && day.KeyID == keys.Last {
			return true
		}
		return compareIDs(day.KeyID, keys.After) <= 0 || !keys.Last.IsZero() && compareIDs(day.KeyID, keys.Last) > 0
	})
	m.mu.Lock()
	defer m.mu.Unlock()
	report.Sums = m.sum(days, question.By)
	report.Totals = m.sum(days, nil)
	kept := atMost(report.Sums, question.Limit, 10_000)
	report.More = len(kept) < len(report.Sums)
	report.Sums = kept
	return report, nil
}

func (m *memory) sum(days []admin.UsageDay, by []admin.UsageGroup) []admin.UsageSum {
	groups := make(map[admin.UsageSum]admin.UsageSum)
	for _, day := range days {
		group := m.groupOf(day.KeyID, day.Meter, by)
		switch date := day.Date.Date(); {
		case slices.Contains(by, admin.ByDay):
			group.Date = day.Date
		case slices.Contains(by, admin.ByMonth):
			group.Date = ration.DateID(date.Year(), date.Month(), 1)
		}
		sum, found := groups[group]
		if !found {
			sum = group
		}
		sum.Used += day.Used
		sum.Denied += day.Denied
		if day.LastRequestAt.After(sum.LastRequestAt) {
			sum.LastRequestAt = day.LastRequestAt
		}
		groups[group] = sum
	}
	return sortedSums(groups)
}

// groupOf returns the group of a key's usage, without a time.
func (m *memory) groupOf(id ration.KeyID, meter string, by []admin.UsageGroup) admin.UsageSum {
	group, key := admin.UsageSum{Meter: meter}, m.keys[id]
	if slices.Contains(by, admin.ByKey) {
		group.KeyID, group.KeyName, group.Owner = id, key.Name, key.Owner
	}
	if slices.Contains(by, admin.ByOwner) {
		group.Owner = key.Owner
	}
	if slices.Contains(by, admin.ByPlan) {
		group.Plan = key.Plan
	}
	return group
}

func sortedSums(groups map[admin.UsageSum]admin.UsageSum) []admin.UsageSum {
	return slices.SortedFunc(maps.Values(groups), func(a, b admin.UsageSum) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), a.Hour.Compare(b.Hour), ration.CompareMeters(a.Meter, b.Meter), -cmp.Compare(a.Used, b.Used),
			compareIDs(a.KeyID, b.KeyID), cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Plan, b.Plan))
	})
}

package storetest_test

import (
	"cmp"
	"context"
	"slices"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

func (m *memory) HistoryOfKeys(ctx context.Context, question admin.HistoryQuestion) (found admin.KeysHistory, err error) {
	if found.Usage, _, err = m.UsageOfKeys(ctx, question.Keys); err != nil {
		return found, err
	}
	for _, id := range question.Keys {
		days, err := m.UsageDays(ctx, admin.UsageFilter{KeyID: id, From: question.From, Limit: 1 << 30})
		if err != nil {
			return found, err
		}
		for _, day := range days {
			found.Days = append(found.Days, admin.UsedStep{KeyID: id, Meter: day.Meter, ID: day.Date, Used: day.Used, Denied: day.Denied})
		}
		if question.HoursFrom.IsZero() {
			continue
		}
		hours, err := m.UsageHours(ctx, admin.HourFilter{KeyID: id, From: question.HoursFrom, Limit: 1 << 30})
		if err != nil {
			return found, err
		}
		for _, hour := range hours {
			found.Hours = append(found.Hours, admin.UsedStep{KeyID: id, Meter: hour.Meter, ID: ration.HourID(hour.Hour), Used: hour.Used, Denied: hour.Denied})
		}
	}
	for _, steps := range []*[]admin.UsedStep{&found.Days, &found.Hours} {
		*steps = slices.DeleteFunc(*steps, func(s admin.UsedStep) bool { return !slices.Contains(question.Meters, s.Meter) })
		slices.SortFunc(*steps, func(a, b admin.UsedStep) int {
			return cmp.Or(compareIDs(a.KeyID, b.KeyID), cmp.Compare(a.Meter, b.Meter), cmp.Compare(a.ID, b.ID))
		})
	}
	return found, nil
}

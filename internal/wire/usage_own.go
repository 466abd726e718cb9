package wire

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// OwnUsage returns what the holder of a key may know of it, from the first of some days
// to the last: nothing of its owner, its metadata or its secrets. The days are those of
// the key, in order.
func OwnUsage(e *admin.Explanation, from, to ration.PeriodID, days []admin.UsageDay) api.OwnUsage {
	return api.OwnUsage{
		Key: api.OwnKey{ID: e.Key.ID.String(), Name: e.Key.Name, Plan: e.Key.Plan, TimeZone: e.PeriodZone, ExpiresAt: instant(e.Key.ExpiresAt)},
		At:  e.At.UTC(), From: date(from), To: date(to),
		Limits: convert(e.Limits, func(l admin.LimitExplanation) api.Limit { return LimitStatus(&l.LimitStatus) }),
		Usage:  ownMeters(days),
	}
}

// ownMeters adds days up by meter.
func ownMeters(days []admin.UsageDay) []api.OwnMeter {
	meters, used := []api.OwnMeter{}, make(map[string]int64)
	for _, day := range days {
		i, known := slices.BinarySearchFunc(meters, day.Meter, func(m api.OwnMeter, name string) int { return ration.CompareMeters(m.Meter, name) })
		if !known {
			meters = slices.Insert(meters, i, api.OwnMeter{Meter: day.Meter})
		}
		meter := &meters[i]
		used[day.Meter] += day.Used
		meter.Used = number(day.Unit, used[day.Meter])
		meter.Denied += day.Denied
		meter.Days = append(meter.Days, api.OwnDay{Date: date(day.Date), Used: number(day.Unit, day.Used), Denied: day.Denied})
	}
	return meters
}

func date(day ration.PeriodID) string { return day.Date().Format(time.DateOnly) }

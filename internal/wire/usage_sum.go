package wire

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// UsageReport returns what was asked for by groups, in a zone or, if it is empty, in
// each key's own.
func UsageReport(report admin.UsageReport, by []admin.UsageGroup, zone string) api.UsageReport {
	groups := convert(by, func(group admin.UsageGroup) string { return string(group) })
	location, err := ration.LoadZone(zone)
	if err != nil {
		location = time.UTC // of a report that nobody has made
	}
	found := api.UsageReport{
		Zone: zone, GroupBy: groups, More: report.More,
		Sums:   convert(report.Sums, func(sum admin.UsageSum) api.UsageSum { return usageSum(sum, by, location) }),
		Totals: convert(report.Totals, func(sum admin.UsageSum) api.UsageSum { return usageSum(sum, nil, location) }),
	}
	if report.From != 0 {
		found.From = date(report.From)
	}
	if report.To != 0 {
		found.To = date(report.To)
	}
	return found
}

func usageSum(sum admin.UsageSum, by []admin.UsageGroup, zone *time.Location) api.UsageSum {
	wire := api.UsageSum{Meter: sum.Meter, Used: number(sum.Unit, sum.Used), Denied: sum.Denied, LastRequestAt: instant(sum.LastRequestAt)}
	byKey := slices.Contains(by, admin.ByKey)
	if byKey {
		wire.KeyID, wire.KeyName = sum.KeyID.String(), &sum.KeyName
	}
	if byKey || slices.Contains(by, admin.ByOwner) {
		wire.Owner = &sum.Owner
	}
	if slices.Contains(by, admin.ByPlan) {
		wire.Plan = &sum.Plan
	}
	if slices.Contains(by, admin.ByHour) {
		wire.Hour = sum.Hour.In(zone).Format(time.RFC3339)
	}
	if slices.Contains(by, admin.ByDay) {
		wire.Day = sum.Date.Date().Format(time.DateOnly)
	}
	if slices.Contains(by, admin.ByMonth) {
		wire.Month = sum.Date.Date().Format("2006-01")
	}
	return wire
}

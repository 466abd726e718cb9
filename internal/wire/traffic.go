package wire

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// TrafficReport returns what a question was answered.
func TrafficReport(report *admin.TrafficReport, question *admin.TrafficQuestion) api.TrafficReport {
	location, err := ration.LoadZone(question.Zone)
	if err != nil {
		location = time.UTC // of a report that nobody has made
	}
	return api.TrafficReport{
		Zone: location.String(), From: date(report.From), To: date(report.To), Since: instant(report.Since), More: report.More,
		GroupBy: convert(question.By, func(group admin.UsageGroup) string { return string(group) }),
		Sums:    convert(report.Sums, func(sum admin.TrafficSum) api.TrafficSum { return trafficSum(&sum, question.By, location) }),
	}
}

func trafficSum(sum *admin.TrafficSum, by []admin.UsageGroup, zone *time.Location) api.TrafficSum {
	wire := api.TrafficSum{Via: sum.Via, Code: sum.Code, Answers: sum.Answers}
	switch {
	case slices.Contains(by, admin.ByHour):
		wire.Hour = sum.Hour.In(zone).Format(time.RFC3339)
	case slices.Contains(by, admin.ByDay):
		wire.Day = date(sum.Date)
	case slices.Contains(by, admin.ByMonth):
		wire.Month = sum.Date.Date().Format("2006-01")
	}
	return wire
}

package admin

import (
	"context"
	"slices"

	"github.com/ration-dev/ration"
)

// usageGroups are all groups.
var usageGroups = []UsageGroup{ByKey, ByOwner, ByPlan, ByHour, ByDay, ByMonth, ByMeter}

// SumUsage adds up what was used.
func (s *Service) SumUsage(ctx context.Context, question UsageQuestion) (UsageReport, error) {
	if err := validateUsageFilter(&question.UsageFilter); err != nil {
		return UsageReport{}, err
	}
	for i, group := range question.By {
		reason := ""
		switch {
		case !slices.Contains(usageGroups, group):
			reason = "use key, owner, plan, hour, day, month or meter"
		case group == ByHour && question.Zone == "":
			reason = "each key's own days have no hours: name a zone, such as UTC"
		case group == ByHour && (slices.Contains(question.By, ByDay) || slices.Contains(question.By, ByMonth)):
			reason = "hours are in days and months already: use only one of them"
		case slices.Contains(question.By[:i], group):
			reason = "name each group once"
		case group == ByMonth && slices.Contains(question.By, ByDay):
			reason = "days are in months already: use only one of the two"
		}
		if reason != "" {
			return UsageReport{}, &ration.InvalidError{Field: "group_by", Value: string(group), Reason: reason}
		}
	}
	s.reach.narrow(&question.Owners, &question.Plans)
	sum := s.sumDays
	if question.Zone != "" {
		sum = func(ctx context.Context, question UsageQuestion) (UsageReport, error) {
			return s.sumInZone(ctx, &question)
		}
	}
	report, err := sum(ctx, question)
	if err != nil {
		return UsageReport{}, err
	}
	units, err := s.units(ctx)
	for _, sums := range [][]UsageSum{report.Sums, report.Totals} {
		for i := range sums {
			sums[i].Unit = units[sums[i].Meter]
		}
	}
	return report, err
}

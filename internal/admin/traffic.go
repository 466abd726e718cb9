package admin

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
)

// mostTrafficDays is how many days a report on traffic has at most.
const mostTrafficDays = 400

// trafficGroups are all groups of traffic.
var trafficGroups = []UsageGroup{ByHour, ByDay, ByMonth, ByVia, ByCode}

// TrafficCounts are what one counter has counted of an hour, altogether.
type TrafficCounts struct {
	Hour    time.Time
	Counter uuid.UUID // of one instance, for this hour alone
	Answers []AnswerCount
}

// AnswerCount is how many answers a way in gave with a code.
type AnswerCount struct {
	Via, Code string
	Answers   int64 // not 0
}

// TrafficHours asks for sums of traffic by UTC hour.
type TrafficHours struct {
	By    []UsageGroup
	Spans []HourSpan // as in an [HourQuestion]
	Limit int        // most sums; 0: 10,000
}

// Traffic adds up answers.
func (s *Service) Traffic(ctx context.Context, question TrafficQuestion) (TrafficReport, error) {
	if err := validateTraffic(&question); err != nil {
		return TrafficReport{}, err
	}
	zone, err := ration.LoadZone(question.Zone)
	if err != nil {
		return TrafficReport{}, &ration.InvalidError{Field: "zone", Value: question.Zone, Reason: `use an IANA name such as "Europe/Berlin", or UTC`}
	}
	days := zoneInterval{name: question.Zone, zone: zone, instead: "use a zone that is whole hours from UTC"}
	report, err := s.store.SumTraffic(ctx, func(now time.Time) (TrafficHours, error) {
		days.first, days.last = question.From, question.To
		if days.last == 0 {
			days.last = max(labelAt(ration.PeriodDay, now, zone), days.first)
		}
		if days.first == 0 {
			days.first = days.last - mostTrafficDays + 1
		}
		if days.last-days.first >= mostTrafficDays {
			return TrafficHours{}, &ration.InvalidError{Field: "from", Value: dateText(days.first), Reason: fmt.Sprintf("a report on traffic has at most %d days", mostTrafficDays)}
		}
		spans, err := days.spans(question.By)
		return TrafficHours{By: question.By, Spans: spans, Limit: question.Limit}, err
	})
	report.From, report.To = days.first, days.last
	return report, err
}

func validateTraffic(question *TrafficQuestion) error {
	if err := validateUsageFilter(&UsageFilter{From: question.From, To: question.To, Limit: question.Limit}); err != nil {
		return err
	}
	times := 0
	for i, group := range question.By {
		reason := ""
		switch {
		case !slices.Contains(trafficGroups, group):
			reason = "use hour, day, month, via or code"
		case slices.Contains(question.By[:i], group):
			reason = "name each group once"
		case group == ByHour || group == ByDay || group == ByMonth:
			if times++; times > 1 {
				reason = "use only one of hour, day and month"
			}
		}
		if reason != "" {
			return &ration.InvalidError{Field: "group_by", Value: string(group), Reason: reason}
		}
	}
	return nil
}

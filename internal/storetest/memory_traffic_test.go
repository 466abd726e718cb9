package storetest_test

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration/internal/admin"
)

type trafficCell struct {
	hour      time.Time
	via, code string
	counter   uuid.UUID
}

func (m *memory) WriteTraffic(_ context.Context, counts admin.TrafficCounts) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.traffic == nil {
		m.traffic = map[trafficCell]int64{}
	}
	for _, count := range counts.Answers {
		cell := trafficCell{counts.Hour.UTC(), count.Via, count.Code, counts.Counter}
		if m.fault == countsAnswersAgain {
			m.traffic[cell] += count.Answers
		} else {
			m.traffic[cell] = max(m.traffic[cell], count.Answers)
		}
	}
	return nil
}

func (m *memory) purgeTraffic(before time.Time) {
	had := len(m.traffic)
	maps.DeleteFunc(m.traffic, func(cell trafficCell, _ int64) bool { return cell.hour.Before(before) })
	if len(m.traffic) < had && m.trafficSince.Before(before) {
		m.trafficSince = before
	}
}

func (m *memory) SumTraffic(_ context.Context, ask func(time.Time) (admin.TrafficHours, error)) (report admin.TrafficReport, err error) {
	question, err := ask(m.time())
	if err != nil {
		return report, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	report.Since = m.trafficSince
	groups := map[admin.TrafficSum]int64{}
	for cell, answers := range m.traffic {
		i := slices.IndexFunc(question.Spans, func(s admin.HourSpan) bool { return !cell.hour.Before(s.From) && cell.hour.Before(s.To) })
		if i < 0 {
			continue
		}
		var group admin.TrafficSum
		for _, by := range question.By {
			switch by {
			case admin.ByHour:
				group.Hour = cell.hour
			case admin.ByVia:
				group.Via = cell.via
			case admin.ByCode:
				group.Code = cell.code
			default:
				group.Date = question.Spans[i].Date
			}
		}
		groups[group] += answers
	}
	for group, answers := range groups {
		group.Answers = answers
		report.Sums = append(report.Sums, group)
	}
	slices.SortFunc(report.Sums, func(a, b admin.TrafficSum) int {
		return cmp.Or(a.Hour.Compare(b.Hour), cmp.Compare(a.Date, b.Date), cmp.Compare(b.Answers, a.Answers), cmp.Compare(a.Via, b.Via), cmp.Compare(a.Code, b.Code))
	})
	kept := atMost(report.Sums, question.Limit, 10_000)
	report.More = len(kept) < len(report.Sums)
	report.Sums = kept
	return report, nil
}

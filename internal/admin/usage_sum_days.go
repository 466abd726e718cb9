package admin

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// DefaultUsageLimit is how many days, hours or sums are read if nobody says how many.
const DefaultUsageLimit = 10_000

const (
	// allSums is a limit that no number of sums reaches.
	allSums = 1 << 30
	// unpaced is how long a report may read before it pauses after each day.
	unpaced = 200 * time.Millisecond
)

// sumDays answers a question about each key's own days.
func (s *Service) sumDays(ctx context.Context, question UsageQuestion) (report UsageReport, err error) {
	sum := s.store.SumUsage
	if isWide(&question) {
		sum = s.sumDayByDay
	}
	since, err := s.readComplete(ctx, question.UsageFilter, func(filter UsageFilter) (err error) {
		report, err = sum(ctx, UsageQuestion{UsageFilter: filter, By: question.By})
		return err
	})
	if since > 0 && question.From == 0 {
		report.From = since
	}
	return report, err
}

// isWide reports whether a question is about any number of keys, and has few answers a day.
func isWide(question *UsageQuestion) bool {
	return question.KeyID.IsZero() && question.Owner == "" && question.Owners == nil &&
		!slices.Contains(question.By, ByKey) && !slices.Contains(question.By, ByOwner)
}

// sumDayByDay adds up one day after the other, each in a read of its own, so that no read
// takes as long as a month of a million keys would.
func (s *Service) sumDayByDay(ctx context.Context, question UsageQuestion) (UsageReport, error) {
	first, last, err := s.daysBetween(ctx, question.From, question.To)
	if err != nil || first == 0 {
		return UsageReport{}, err
	}
	sums, totals := make(usageSums), make(usageSums)
	var busy time.Duration
	for day := question; first <= last; {
		day.From, day.To, day.Limit = first, first, allSums
		start := time.Now()
		part, err := s.store.SumUsage(ctx, day)
		if err != nil {
			return UsageReport{}, err
		}
		sums.add(part.Sums)
		totals.add(part.Totals)
		took := time.Since(start)
		if busy += took; busy > unpaced && first < last && !pause(ctx, s.store.ReportPause(took)) {
			return UsageReport{}, ration.ErrStoreUnavailable
		}
		if first++; len(part.Sums) > 0 || first > last {
			continue
		}
		if first, _, err = s.daysBetween(ctx, first, last); err != nil { // there may be years without usage
			return UsageReport{}, err
		}
		if first == 0 {
			break
		}
	}
	report := UsageReport{Sums: sums.sorted(), Totals: totals.sorted()}
	if limit := cmp.Or(question.Limit, DefaultUsageLimit); len(report.Sums) > limit {
		report.Sums, report.More = report.Sums[:limit], true
	}
	return report, nil
}

// daysBetween returns the first and the last day from one to another, or from the first
// to the last of all, that have usage; 0: there is none.
func (s *Service) daysBetween(ctx context.Context, from, to ration.PeriodID) (first, last ration.PeriodID, err error) {
	of := UsageFilter{From: from, To: to, Limit: 1}
	oldest, err := s.store.UsageDays(ctx, of)
	if err != nil || len(oldest) == 0 {
		return 0, 0, err
	}
	of.NewestFirst = true
	newest, err := s.store.UsageDays(ctx, of)
	if err != nil || len(newest) == 0 {
		return 0, 0, err
	}
	return oldest[0].Date, newest[0].Date, nil
}

// usageSums are sums by what they are grouped by.
type usageSums map[usageGroup]UsageSum

type usageGroup struct {
	plan  string
	date  ration.PeriodID
	meter string
}

func (u usageSums) add(sums []UsageSum) {
	for _, sum := range sums {
		group := usageGroup{sum.Plan, sum.Date, sum.Meter}
		if had, ok := u[group]; ok {
			sum.Used += had.Used
			sum.Denied += had.Denied
			if had.LastRequestAt.After(sum.LastRequestAt) {
				sum.LastRequestAt = had.LastRequestAt
			}
		}
		u[group] = sum
	}
}

// sorted returns the sums in the order of a report.
func (u usageSums) sorted() []UsageSum {
	sums := make([]UsageSum, 0, len(u))
	for _, sum := range u {
		sums = append(sums, sum)
	}
	slices.SortFunc(sums, func(a, b UsageSum) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), ration.CompareMeters(a.Meter, b.Meter), cmp.Compare(b.Used, a.Used), cmp.Compare(a.Plan, b.Plan))
	})
	return sums
}

// pause waits, and reports whether ctx goes on.
func pause(ctx context.Context, length time.Duration) bool {
	select {
	case <-time.After(length):
		return true
	case <-ctx.Done():
		return false
	}
}

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
	// partRows is about how many rows a report reads at once.
	partRows = 25_000
	// unpaced is how long a report may read before it pauses after each part.
	unpaced = 200 * time.Millisecond
)

// sumDays answers a question about each key's own days.
func (s *Service) sumDays(ctx context.Context, question UsageQuestion) (report UsageReport, err error) {
	sum := s.sumAtOnce
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

func (s *Service) sumAtOnce(ctx context.Context, question UsageQuestion) (UsageReport, error) {
	return s.store.SumUsage(ctx, question, KeyRange{})
}

// isWide reports whether a question is about any number of keys, and has few answers a day.
func isWide(question *UsageQuestion) bool {
	return question.KeyID.IsZero() && question.Owner == "" && question.Owners == nil &&
		!slices.Contains(question.By, ByKey) && !slices.Contains(question.By, ByOwner)
}

// sumDayByDay adds up one day after the other, in parts with a read for each, so that no
// read takes as long as a month of a million keys would.
func (s *Service) sumDayByDay(ctx context.Context, question UsageQuestion) (UsageReport, error) {
	first, last, err := s.daysBetween(ctx, question.From, question.To)
	if err != nil || first == 0 {
		return UsageReport{}, err
	}
	parts := usageParts{Service: s, sums: make(usageSums), totals: make(usageSums)}
	for day := question; first <= last; {
		day.From, day.To, day.Limit = first, first, allSums
		used, err := parts.addDay(ctx, day, first == last)
		if err != nil {
			return UsageReport{}, err
		}
		if first++; used || first > last {
			continue
		}
		if first, _, err = s.daysBetween(ctx, first, last); err != nil { // there may be years without usage
			return UsageReport{}, err
		}
		if first == 0 {
			break
		}
	}
	report := UsageReport{Sums: parts.sums.sorted(), Totals: parts.totals.sorted()}
	if limit := cmp.Or(question.Limit, DefaultUsageLimit); len(report.Sums) > limit {
		report.Sums, report.More = report.Sums[:limit], true
	}
	return report, nil
}

// usageParts are the parts of a report that were read.
type usageParts struct {
	*Service
	sums, totals usageSums
	busy         time.Duration // of reading
}

// addDay adds up a day, and reports whether it has any usage. It pauses after each part,
// but not after that with which the report ends.
func (p *usageParts) addDay(ctx context.Context, day UsageQuestion, ends bool) (used bool, err error) {
	for keys, more := (KeyRange{}), true; more; keys.After = keys.Last {
		start := time.Now()
		if keys.Last, err = p.store.EndOfPart(ctx, day.From, keys.After, p.partRows); err != nil {
			return false, err
		}
		report, err := p.store.SumUsage(ctx, day, keys)
		if err != nil {
			return false, err
		}
		p.sums.add(report.Sums)
		p.totals.add(report.Totals)
		used = used || len(report.Sums) > 0
		more = !keys.Last.IsZero()
		took := time.Since(start)
		if p.busy += took; p.busy > unpaced && (more || !ends) && !pause(ctx, p.store.ReportPause(took)) {
			return false, ration.ErrStoreUnavailable
		}
	}
	return used, nil
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

package admin

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// AllDays is the Limit of a filter that selects all days of a key.
const AllDays = math.MaxInt32

// RequestLog reads the request log, which has what was counted in detail.
type RequestLog interface {
	// KeyLog calls each with the entries of a key's request log, in order, and
	// returns the key's counts. Both are from one snapshot.
	KeyLog(ctx context.Context, id ration.KeyID, each func(ledger.LogEntry)) (KeyCounts, error)

	// LastRefused returns the newest entries of a key's request log that are about refused
	// charges, the newest first, at most MaxRefused. It looks at most at the last
	// RefusedWithin entries of the key, of the last RefusedDays days of UTC.
	LastRefused(ctx context.Context, id ration.KeyID) ([]ledger.LogEntry, error)
}

// KeyCounts has the counts of a key.
type KeyCounts struct {
	Usage ledger.Usage
	Days  []UsageDay
	Since ration.PeriodID // from which on Days are complete; 0: from the beginning
}

const (
	reconcileAtOnce = 1000
	maxDifferences  = 1000
)

// Reconcile adds up the request log of keys and compares the sums with the counts. It
// changes nothing. The counts before a key's first entry are taken as given. From
// there on, each entry must follow from the one before, the counts after the last
// entry must be the present ones, and each day that began later must be the sum of
// its entries. An import of usage, a repair, and the time during which an instance
// wrote no log show as differences.
func (s *Service) Reconcile(ctx context.Context, filter ReconcileFilter) (Reconciliation, error) {
	ids, last, err := s.keysToReconcile(ctx, filter)
	if err != nil {
		return Reconciliation{}, err
	}
	units, err := s.units(ctx)
	if err != nil {
		return Reconciliation{}, err
	}
	result := Reconciliation{Keys: len(ids), Last: last}
	for _, id := range ids {
		sums := newLogSums(id)
		counts, err := s.store.KeyLog(ctx, id, sums.add)
		if err != nil {
			return Reconciliation{}, err
		}
		result.Entries += sums.entries
		if sums.entries > 0 {
			result.Logged++
		}
		differences := sums.compare(counts)
		result.Differences = append(result.Differences, differences[:min(len(differences), maxDifferences-len(result.Differences))]...)
	}
	for i := range result.Differences {
		if difference := &result.Differences[i]; difference.Count != "denied" {
			difference.Unit = units[difference.Meter]
		}
	}
	return result, nil
}

func (s *Service) keysToReconcile(ctx context.Context, filter ReconcileFilter) (ids []ration.KeyID, last ration.KeyID, err error) {
	if !filter.KeyID.IsZero() {
		_, err := s.key(ctx, filter.KeyID)
		return []ration.KeyID{filter.KeyID}, last, err
	}
	if !s.reach.IsAll() {
		return nil, last, fmt.Errorf("%w: reconcile one key at a time", ErrOutOfReach)
	}
	limit := filter.Limit
	if limit <= 0 || limit > reconcileAtOnce {
		limit = reconcileAtOnce
	}
	page, err := s.store.ListKeys(ctx, KeyFilter{After: KeyPosition{ID: filter.After}, Limit: limit})
	for _, record := range page.Keys {
		ids = append(ids, record.ID)
	}
	return ids, page.Next.ID, err
}

// logSums adds up one key's entries.
type logSums struct {
	id      ration.KeyID
	entries int64
	meters  map[string]*meterSum
	found   []Difference
}

// meterSum is what a meter's entries say.
type meterSum struct {
	used, denied int64 // after the last entry
	reserved     int64 // sum
	whole        bool  // nothing was counted before the first entry
	first        ration.PeriodID
	days         map[ration.PeriodID]*MeterDay
}

func newLogSums(id ration.KeyID) *logSums {
	return &logSums{id: id, meters: make(map[string]*meterSum)}
}

// add takes in an entry, which has to follow from the one before.
func (l *logSums) add(entry ledger.LogEntry) {
	l.entries++
	for _, change := range entry.Meters {
		usedBefore, deniedBefore := change.UsedAfter-change.Used, change.DeniedAfter-change.Denied
		sum := l.meters[change.Meter]
		if sum == nil {
			sum = &meterSum{
				used: usedBefore, denied: deniedBefore, whole: usedBefore == 0 && deniedBefore == 0,
				first: latestDate(entry.At, change.Day), days: make(map[ration.PeriodID]*MeterDay),
			}
			l.meters[change.Meter] = sum
		}
		l.differ(Difference{Meter: change.Meter, Count: "used", At: entry.At, Counted: usedBefore, Logged: sum.used})
		l.differ(Difference{Meter: change.Meter, Count: "denied", At: entry.At, Counted: deniedBefore, Logged: sum.denied})
		sum.used, sum.denied = change.UsedAfter, change.DeniedAfter
		sum.reserved += change.Reserved
		if sum.days[change.Day] == nil {
			sum.days[change.Day] = &MeterDay{Date: change.Day}
		}
		sum.days[change.Day].Used += change.Used
		sum.days[change.Day].Denied += change.Denied
	}
}

// latestDate returns the latest day that may have been running at an entry, in any
// time zone: of what was counted in it before, the log may know nothing.
func latestDate(at time.Time, day ration.PeriodID) ration.PeriodID {
	_, date := LatestPeriods(at)
	return max(date, day)
}

// compare returns what the counts and the log don't agree on.
func (l *logSums) compare(counts KeyCounts) []Difference {
	for _, usage := range counts.Usage {
		sum := l.meters[usage.Meter]
		if sum == nil {
			continue // nothing was logged, which proves nothing
		}
		l.differ(Difference{Meter: usage.Meter, Count: "used", Counted: usage.Used, Logged: sum.used})
		l.differ(Difference{Meter: usage.Meter, Count: "denied", Counted: usage.Denied, Logged: sum.denied})
		if sum.whole {
			l.differ(Difference{Meter: usage.Meter, Count: "reserved", Counted: usage.Reserved, Logged: sum.reserved})
		}
	}
	for _, day := range counts.Days {
		sum := l.meters[day.Meter]
		if sum == nil || !sum.whole && day.Date <= sum.first || day.Date < counts.Since {
			continue
		}
		logged := MeterDay{}
		if found := sum.days[day.Date]; found != nil {
			logged = *found
		}
		l.differ(Difference{Meter: day.Meter, Count: "used", Date: day.Date, Counted: day.Used, Logged: logged.Used})
		l.differ(Difference{Meter: day.Meter, Count: "denied", Date: day.Date, Counted: day.Denied, Logged: logged.Denied})
		delete(sum.days, day.Date)
	}
	l.daysWithoutHistory(counts.Since)
	return l.found
}

// daysWithoutHistory finds days that the log has and the history has not, although it is
// complete since then.
func (l *logSums) daysWithoutHistory(since ration.PeriodID) {
	for meter, sum := range l.meters {
		for date, logged := range sum.days {
			if date >= since && (sum.whole || date > sum.first) {
				l.differ(Difference{Meter: meter, Count: "used", Date: date, Logged: logged.Used})
				l.differ(Difference{Meter: meter, Count: "denied", Date: date, Logged: logged.Denied})
			}
		}
	}
	slices.SortStableFunc(l.found, func(a, b Difference) int { return ration.CompareMeters(a.Meter, b.Meter) })
}

func (l *logSums) differ(d Difference) {
	if d.Counted != d.Logged {
		d.KeyID = l.id
		l.found = append(l.found, d)
	}
}

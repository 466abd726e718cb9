package admin

import (
	"context"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/ration-dev/ration/internal/groupcommit"
)

const (
	rankEvery   = 30 * time.Second // from begin to begin, if that leaves enough rest
	restFactor  = 10               // of rest to work
	rankLook    = 1_000            // keys of one look
	longestRest = time.Second      // between two looks
	askedWithin = 10 * time.Minute // ago, or it is not made again
	patience    = 5 * time.Second  // of who asks first
	mostReaches = 32               // that are kept
)

// summaries makes rankings in the background while somebody asks for them: one at a time,
// for all reaches that were asked for. It rests after each look as long as the look took,
// and after all of them ten times as long as they took together. So it takes less than a
// tenth of one processor, however many keys there are.
type summaries struct {
	store Store

	mu      sync.Mutex
	reaches map[string]*reachSummary
	working bool
	next    *time.Timer // to work again; nil: that is not planned
	began   time.Time   // the last work
	ended   time.Time
	took    time.Duration // its looks
}

// reachSummary is what is known of a reach.
type reachSummary struct {
	reach   Reach
	asked   time.Time     // last
	waiting bool          // somebody waits for the first ranking
	ranking *Ranking      // nil: none was made yet
	began   time.Time     // the work that made it
	err     error         // of the last work, if it failed
	worked  chan struct{} // closed when the next work ends that includes the reach
}

func newSummaries(store Store) *summaries {
	return &summaries{store: store, reaches: make(map[string]*reachSummary)}
}

// of returns the ranking of a reach, and when the work on it began. The first time, it
// waits for it. Error: [SummaryError].
func (s *summaries) of(ctx context.Context, reach Reach) (*Ranking, time.Time, error) {
	r, worked := s.ask(reach)
	if worked == nil {
		return r.ranking, r.began, nil
	}
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case <-worked:
	case <-wait.C:
	case <-ctx.Done():
		return nil, time.Time{}, context.Cause(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-worked:
		if r.ranking == nil {
			return nil, time.Time{}, r.err
		}
		return r.ranking, r.began, nil
	default:
	}
	return nil, time.Time{}, &SummaryError{RetryAfter: s.untilNext()}
}

// ask returns what there is of a reach, as a copy, and nil; or the reach itself and what
// closes when its next work has ended.
func (s *summaries) ask(reach Reach) (r *reachSummary, worked <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := reach.name()
	r = s.reaches[name]
	if r == nil {
		r = &reachSummary{reach: reach, worked: make(chan struct{})}
		s.reaches[name] = r
	}
	r.asked = time.Now()
	s.dropOldest()
	r.waiting = r.ranking == nil
	s.plan()
	if !r.waiting {
		return new(*r), nil
	}
	return r, r.worked
}

// name tells reaches apart.
func (r Reach) name() string {
	return fmt.Sprintf("%q %q", slices.Sorted(slices.Values(r.Owners)), slices.Sorted(slices.Values(r.Plans)))
}

// dropOldest drops the reach that was asked for longest ago if there are too many.
func (s *summaries) dropOldest() {
	if len(s.reaches) <= mostReaches {
		return
	}
	delete(s.reaches, slices.MinFunc(slices.Collect(maps.Keys(s.reaches)), func(a, b string) int {
		return s.reaches[a].asked.Compare(s.reaches[b].asked)
	}))
}

// plan begins to work if it is time, or sees to it that this happens then.
func (s *summaries) plan() {
	if s.working {
		return // its end plans
	}
	if s.next != nil {
		s.next.Stop()
		s.next = nil
	}
	if wait := time.Until(s.due()); wait > 0 {
		s.next = time.AfterFunc(wait, s.wake)
		return
	}
	s.working, s.began = true, time.Now()
	go s.work(slices.Collect(maps.Values(s.reaches)))
}

// due is when to work next. Who waits for a first ranking waits for no more than the rest.
func (s *summaries) due() time.Time {
	due := s.ended.Add(restFactor * s.took)
	for _, r := range s.reaches {
		if r.waiting {
			return due
		}
	}
	if regular := s.began.Add(rankEvery); regular.After(due) {
		due = regular
	}
	return due
}

// untilNext is when who got nothing may ask again, in whole seconds.
func (s *summaries) untilNext() time.Duration {
	if s.working {
		return patience
	}
	return max(patience, time.Until(s.due()).Truncate(time.Second)+time.Second)
}

// wake forgets the reaches that nobody has asked for any more, and goes on with the others.
func (s *summaries) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.reaches, func(_ string, r *reachSummary) bool { return time.Since(r.asked) >= askedWithin })
	if len(s.reaches) > 0 {
		s.plan()
	}
}

// work makes the rankings of some reaches. If it fails, what there is stays.
func (s *summaries) work(reaches []*reachSummary) {
	rankings, took, err := s.rank(reaches)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.working, s.ended, s.took = false, time.Now(), took
	for i, r := range reaches {
		r.waiting, r.err = false, err
		if err == nil {
			r.ranking, r.began = rankings[i], s.began
		}
		close(r.worked)
		r.worked = make(chan struct{})
	}
	s.plan()
}

// rank looks at all keys, and returns how long the looks took. A panic becomes an error:
// it must not end the process.
func (s *summaries) rank(reaches []*reachSummary) (rankings []*Ranking, took time.Duration, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &groupcommit.PanicError{Value: value, Stack: debug.Stack()}
		}
	}()
	ctx := context.Background() // whoever asked first may be gone
	of := make([]Reach, len(reaches))
	for i, r := range reaches {
		of[i] = r.reach
	}
	ranker := NewRanker(s.store, of, rankLook)
	for more := true; more; {
		began := time.Now()
		more, err = ranker.Next(ctx)
		look := time.Since(began)
		if took += look; err != nil {
			return nil, took, err
		}
		if more {
			time.Sleep(min(look, longestRest))
		}
	}
	rankings, err = ranker.Rankings(ctx)
	return rankings, took, err
}

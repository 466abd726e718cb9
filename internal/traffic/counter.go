package traffic

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationhttp"
)

// mostPages bounds what is kept for a database that is away: six weeks.
const mostPages = 1000

// Counter counts answers. It is safe for concurrent use.
type Counter struct {
	now     func() time.Time
	current atomic.Pointer[page]

	mu    sync.Mutex
	pages []*page // those that something may be written of, the current one too

	writing sync.Mutex
}

// page is the counts of one hour. Its id is new for each page, so it begins at 0 also
// where the process was started again within the hour, or the clock stepped back to it.
type page struct {
	id     uuid.UUID
	hour   int64 // since 1970
	counts [viaCount][len(codes)]atomic.Int64
	gone   atomic.Bool // nobody looks for what is to be written

	written [viaCount][len(codes)]int64 // as far as is known
}

// New returns a counter for the hours of a clock; nil: the system's.
func New(now func() time.Time) *Counter {
	if now == nil {
		now = time.Now
	}
	c := &Counter{now: now}
	c.turn(c.hour())
	return c
}

func (c *Counter) hour() int64 { return c.now().Unix() / int64(time.Hour/time.Second) }

// Observe counts an answer. It is for [rationhttp.Gate]'s Observe. It takes a lock only
// where an hour begins, and allocates nothing.
func (c *Counter) Observe(_ context.Context, event rationhttp.Event) {
	if event.FollowUp != "" || event.Via == viaUsage {
		return
	}
	page := c.current.Load()
	if hour := c.hour(); hour != page.hour {
		page = c.turn(hour)
	}
	page.counts[viaOf(&event)][codeOf(&event)].Add(1)
	if page.gone.Load() { // its hour ended since it was found
		c.takeBack(page)
	}
}

// turn begins an hour, or goes on with one that the clock has stepped back to.
func (c *Counter) turn(hour int64) *page {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.pages, func(p *page) bool { return p.hour == hour })
	if i < 0 {
		if len(c.pages) == mostPages {
			c.pages = slices.Delete(c.pages, 0, 1)
		}
		i = len(c.pages)
		c.pages = append(c.pages, &page{id: uuid.New(), hour: hour})
	}
	c.current.Store(c.pages[i])
	return c.pages[i]
}

// Write writes what was counted since the last time. What could not be written stays, and
// so does what may or may not have been written: to write it again changes nothing.
func (c *Counter) Write(ctx context.Context, to admin.Traffic) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	for _, page := range c.open() {
		counts := page.unwritten()
		if len(counts.Answers) == 0 {
			continue
		}
		if err := to.WriteTraffic(ctx, counts); err != nil {
			return err
		}
		page.note(counts.Answers)
	}
	c.drop()
	return nil
}

func (c *Counter) open() []*page {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.pages)
}

// drop forgets hours that are over and written. Somebody who has found a page just before
// its hour ended may count on it afterwards: either that is seen here, or it is gone there.
func (c *Counter) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	current := c.current.Load()
	c.pages = slices.DeleteFunc(c.pages, func(p *page) bool {
		if p == current {
			return false
		}
		p.gone.Store(true)
		isWritten := len(p.unwritten().Answers) == 0
		p.gone.Store(isWritten)
		return isWritten
	})
}

// takeBack keeps a page that was dropped until it is written again.
func (c *Counter) takeBack(p *page) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.gone.Swap(false) {
		c.pages = append(c.pages, p)
	}
}

// unwritten returns the counts that have changed.
func (p *page) unwritten() admin.TrafficCounts {
	found := admin.TrafficCounts{Hour: time.Unix(p.hour*int64(time.Hour/time.Second), 0).UTC(), Counter: p.id}
	for via := range p.counts {
		for code := range p.counts[via] {
			if count := p.counts[via][code].Load(); count > p.written[via][code] {
				found.Answers = append(found.Answers, admin.AnswerCount{Via: viaNames[via], Code: string(codes[code]), Answers: count})
			}
		}
	}
	return found
}

// note notes what was written.
func (p *page) note(counts []admin.AnswerCount) {
	for _, count := range counts {
		via := slices.Index(viaNames[:], count.Via)
		p.written[via][codeNumbers[ration.Code(count.Code)]] = count.Answers
	}
}

package admin

import (
	"fmt"
	"strconv"

	"github.com/ration-dev/ration"
)

// FeedBegins is the place at which an empty feed is: the first event gets the next one. So
// whoever has read an empty feed goes on after it, and not after 0, which means the oldest
// event that is kept: if what comes next is deleted before they come back, they are told.
const FeedBegins = 1

// Feed is how far the feed goes.
type Feed struct {
	Last    int64 // the last place that was given, or [FeedBegins]
	Deleted int64 // the last place whose event was deleted; 0: none was
}

// Check returns an error if whoever reads on after a place has missed events: an
// InvalidError if they were deleted, ErrConflict if the feed has never been there.
func (f Feed) Check(after int64) error {
	switch {
	case after > f.Last:
		return fmt.Errorf("%w: the feed ends at %d, before %d: the database was restored, or is another one, so events may have been missed or come again; read on after %d, or from the beginning", ration.ErrConflict, f.Last, after, f.Last)
	case after > 0 && after < f.Deleted:
		return &ration.InvalidError{Field: "after", Value: strconv.FormatInt(after, 10), Reason: fmt.Sprintf("events up to %d are no longer kept, so some were missed; read on after %d", f.Deleted, f.Deleted)}
	}
	return nil
}

// Latest returns the page of the latest events that were found, of at most so many that were
// asked for.
func (f Feed) Latest(events []Event, limit int) EventsPage {
	page := EventsPage{Events: events, After: f.Last}
	if len(events) == limit {
		page.Before = events[limit-1].Position
	}
	return page
}

// Page returns the page of the events that were found, of at most so many that were asked
// for. If it isn't full, nothing else matches up to the end of the feed, so the next page
// begins there: what is deleted before was not missed by whoever reads only some events.
func (f Feed) Page(events []Event, limit int) EventsPage {
	if len(events) < limit {
		return EventsPage{Events: events, After: f.Last}
	}
	return EventsPage{Events: events, After: events[len(events)-1].Position}
}

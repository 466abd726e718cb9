package torture

import (
	"fmt"
	"sync"
	"time"

	"github.com/ration-dev/ration/internal/zoneinfo"
)

// turn is a midnight, and where it is.
type turn struct {
	zone string // by its IANA name
	at   time.Time
}

// allZones returns every place that a key can be in.
var allZones = sync.OnceValues(func() (zones []*time.Location, err error) {
	names, err := zoneinfo.Names()
	for _, name := range names {
		zone, err := zoneinfo.Load(name)
		if err != nil {
			return nil, err
		}
		zones = append(zones, zone)
	}
	return zones, err
})

// nextTurn returns the first midnight after a time, of all places: at least one comes with
// every full hour. Places where a clock changes on either day are left out, so that both
// have 24 hours.
func nextTurn(after time.Time) (next turn) {
	zones, err := allZones()
	if err != nil {
		panic(fmt.Sprintf("reading the embedded time zones: %v", err))
	}
	for _, zone := range zones {
		year, month, date := after.In(zone).Date()
		midnight := func(days int) time.Time { return time.Date(year, month, date+days, 0, 0, 0, 0, zone) }
		if at := midnight(1); at.Sub(midnight(0)) == day*time.Second && midnight(2).Sub(at) == day*time.Second && (next.zone == "" || at.Before(next.at)) {
			next = turn{zone.String(), at}
		}
	}
	return next
}

// nearMidnight is how long before a midnight most keys to which everything happens are made
// with a limit that it ends.
const nearMidnight = 15 * time.Second

// startTime is how long instances and a database take to start, about.
const startTime = 3 * time.Second

// chooseBase sets all clocks ahead, if the options ask for a midnight, so that the next one
// comes in the middle of the run. Otherwise they stay what they are.
func (r *rig) chooseBase() {
	if r.options.Midnight {
		begin := time.Now().Add(startTime + r.options.Duration/2)
		r.midnight = nextTurn(begin).at
		r.base = r.midnight.Sub(begin)
	}
}

// now is the time by all clocks that do not step.
func (r *rig) now() time.Time { return time.Now().Add(r.base) }

// What a run that is to pass a midnight has to have seen besides.
const (
	sawMidnight     = "a key with a limit for each day was charged before and after midnight"
	sawLateEnd      = "a reservation was ended after the midnight that followed it"
	sawLateGiveBack = "a call was under way at midnight and given back after it"
)

// midnights counts the midnights of which keys were charged on both sides.
func (e *Evidence) midnights() int {
	passed := make(map[int64]bool)
	for _, s := range e.Subjects {
		charged := make(map[int64]bool)
		for i := range s.Operations {
			if op := &s.Operations[i]; s.Class == Daily && op.Outcome == Done && op.Kind == Charge {
				charged[op.Period] = true
			}
		}
		for end := range charged {
			if charged[end+day] {
				passed[end] = true
			}
		}
	}
	return len(passed)
}

// late counts what was ended, and given back, in another period than that of its charge.
func (e *Evidence) late() (ended, givenBack int) {
	for _, s := range e.Subjects {
		if !s.Calendar {
			continue
		}
		ends := make(map[string]time.Time) // of the periods of charges
		for i := range s.Operations {
			op := &s.Operations[i]
			if op.Outcome != Done {
				continue
			}
			end, found := ends[op.ID]
			isLater := found && !e.earliest(op.Called, op.Returned).Before(end)
			switch {
			case (op.Kind == Reserve || op.Kind == Fail) && op.Period > 0:
				ends[op.ID] = time.Unix(op.Period, 0)
			case isLater && (op.Kind == Settle || op.Kind == Void):
				ended++
			case isLater && op.Kind == GiveBack && op.Standing >= 0:
				givenBack++
			}
		}
	}
	return ended, givenBack
}

// date returns the day of a time where the key is.
func (s *Subject) date(at time.Time) string {
	zone, err := zoneinfo.Load(s.Zone)
	if err != nil {
		panic(fmt.Sprintf("key %s: %v", s.Key, err))
	}
	return at.In(zone).Format(time.DateOnly)
}

package ration_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/zoneinfo"
)

var (
	tilingBegins = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	tilingEnds   = time.Date(2051, 1, 1, 0, 0, 0, 0, time.UTC)
)

// tiledPeriods are the calendar periods with a time longer than any of them.
var tiledPeriods = map[ration.Period]time.Duration{
	ration.PeriodDay:   49 * time.Hour,
	ration.PeriodWeek:  8 * 24 * time.Hour,
	ration.PeriodMonth: 32 * 24 * time.Hour,

	"day from 02:30":           49 * time.Hour,
	"day from 23:59":           49 * time.Hour,
	"week from thursday 02:30": 8 * 24 * time.Hour,
	"month from day 15":        33 * 24 * time.Hour,
	"month from day 31 00:30":  33 * 24 * time.Hour,
}

// TestPeriodsTileTimeInEveryZone looks at all boundaries near a change of
// offset: between those, every zone is like UTC.
func TestPeriodsTileTimeInEveryZone(t *testing.T) {
	zones := differentZones(t)
	if len(zones) < 200 {
		t.Fatalf("%d zones that differ, want hundreds", len(zones))
	}
	var group sync.WaitGroup
	for part := range slices.Chunk(zones, len(zones)/4+1) {
		group.Go(func() {
			for _, zone := range part {
				for _, change := range changes(zone) {
					for period, longer := range tiledPeriods {
						tile(t, period, zone, change.Add(-longer), change.Add(longer))
					}
				}
			}
		})
	}
	group.Wait()
}

// TestPeriodsTileAllTime looks at every boundary in a few zones.
func TestPeriodsTileAllTime(t *testing.T) {
	for _, name := range []string{"", "Europe/Berlin", "America/St_Johns", "Africa/Casablanca"} {
		for period := range tiledPeriods {
			if count := tile(t, period, zone(t, name), tilingBegins, tilingEnds); count < 12*80 {
				t.Errorf("%d %ss in %q", count, period, name)
			}
		}
	}
}

// tile goes from boundary to boundary and returns how many there were.
func tile(t *testing.T, period ration.Period, zone *time.Location, from, to time.Time) (count int) {
	periodID, ends := ration.PeriodAt(period, from, zone)
	for at := from; at.Before(to); count++ {
		if !ends.After(at) {
			t.Errorf("%s in %s: the period at %s ends at %s", period, zone, at, ends)
			return count
		}
		last, lastEnds := ration.PeriodAt(period, ends.Add(-1), zone)
		next, nextEnds := ration.PeriodAt(period, ends, zone)
		if last != periodID || !lastEnds.Equal(ends) || next <= periodID {
			t.Errorf("%s in %s: %d until %s, but just before it %d until %s and then %d", period, zone, periodID, ends, last, lastEnds, next)
			return count
		}
		if before, after := localDate(period, ends.Add(-1), zone), localDate(period, ends, zone); before >= next || after < next {
			t.Errorf("%s in %s: at %s the date goes from %d to %d, and the period begins on %d", period, zone, ends, before, after, next)
			return count
		}
		at, periodID, ends = ends, next, nextEnds
	}
	return count
}

// localDate returns the date of a local time, which begins when a period of the kind can.
func localDate(period ration.Period, at time.Time, zone *time.Location) ration.PeriodID {
	local := at.In(zone)
	if _, clock, found := strings.Cut(string(period), ":"); found {
		minutes, _ := strconv.Atoi(clock)
		hours, _ := strconv.Atoi(string(period)[len(period)-5 : len(period)-3])
		_, offset := local.Zone()
		local = local.UTC().Add(time.Duration(offset)*time.Second - time.Duration(60*hours+minutes)*time.Minute)
	}
	return ration.DateID(local.Date())
}

// changes returns the days after a zone's offset has changed, and the last days
// of leap years, on which the standard library loses its way.
func changes(zone *time.Location) []time.Time {
	const day, week = 24 * time.Hour, 7 * 24 * time.Hour
	offset := func(at time.Time) int {
		_, offset := at.In(zone).Zone()
		return offset
	}
	var changes []time.Time
	for at := tilingBegins; at.Before(tilingEnds); at = at.Add(week) {
		if offset(at) == offset(at.Add(week)) {
			continue
		}
		changed := at
		for offset(changed) == offset(at) {
			changed = changed.Add(day)
		}
		changes = append(changes, changed)
	}
	for year := 1972; year < 2051; year += 4 {
		changes = append(changes, time.Date(year, 12, 31, 0, 0, 0, 0, time.UTC))
	}
	return changes
}

// differentZones returns one of all zones that change to the same offsets at the
// same times.
func differentZones(t *testing.T) []*time.Location {
	t.Helper()
	names, err := zoneinfo.Names()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	var zones []*time.Location
	for _, name := range names {
		zone := zone(t, name)
		var history strings.Builder
		for _, at := range append([]time.Time{tilingBegins}, changes(zone)...) {
			_, offset := at.In(zone).Zone()
			fmt.Fprintln(&history, at.Unix(), offset)
		}
		if !known[history.String()] {
			known[history.String()] = true
			zones = append(zones, zone)
		}
	}
	return zones
}

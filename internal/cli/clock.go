package cli

import (
	"runtime/debug"
	"time"

	"github.com/ration-dev/ration/internal/config"
)

// commitSlack is how far the clock that dated the source may have been ahead.
const commitSlack = 24 * time.Hour

// checkClock refuses a clock that was never set: it is before 2020, or before
// the source that this program was built from. Counts would go to days long past.
func checkClock(now time.Time, info *debug.BuildInfo) error {
	least, before := time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC), "2020"
	if source := sourceTime(info).Add(-commitSlack); source.After(least) {
		least, before = source, "this program was made"
	}
	if !now.Before(least) {
		return nil
	}
	return &config.Error{
		Where:  "the system clock",
		Reason: "it is at " + now.UTC().Format(time.RFC3339) + ", before " + before + "; set it, for instance with NTP, and start again",
	}
}

// sourceTime returns when the source of a build was committed; zero if the build
// has not noted it.
func sourceTime(info *debug.BuildInfo) time.Time {
	if info == nil {
		return time.Time{}
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.time" {
			committed, _ := time.Parse(time.RFC3339, setting.Value) // zero if it is no time
			return committed
		}
	}
	return time.Time{}
}

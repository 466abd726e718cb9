package storetest

import (
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
)

// drawNext draws a change of a plan's limit that is made now.
func (m *machine) drawNext(rt *rapid.T) ration.NextLimit {
	next := ration.NextLimit{Limit: drawLimit(rt), Since: m.f.now}
	if next.Removed = rapid.IntRange(0, 3).Draw(rt, "removed") == 0; next.Removed {
		next.Quantity, next.Burst, next.Name = 0, 0, next.Key().DefaultName()
	}
	return next
}

// withNext adds a change to those of a plan, in the place of one of the same limit that
// was made at the same time.
func withNext(all []ration.NextLimit, next ration.NextLimit) []ration.NextLimit {
	all = slices.DeleteFunc(slices.Clone(all), func(n ration.NextLimit) bool {
		return n.Key() == next.Key() && n.Since.Equal(next.Since)
	})
	return append(all, next)
}

// drawStarting draws what takes the place of a lasting override, or removes it.
func drawStarting(rt *rapid.T, override ration.Override, now time.Time) ration.Override {
	starting := ration.Override{Limit: override.Limit, StartsAt: now.Add(drawShort(rt))}
	starting.Quantity, starting.Burst = rapid.Int64Range(0, 12).Draw(rt, "starting quantity"), 0
	starting.Removed = rapid.IntRange(0, 3).Draw(rt, "starting removed") == 0
	if starting.Removed {
		starting.Quantity, starting.Name = 0, ""
	}
	starting, err := starting.Normalize()
	if err != nil {
		rt.Fatal(err)
	}
	return starting
}

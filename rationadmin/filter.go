package rationadmin

import (
	"strconv"
	"strings"
	"time"

	"github.com/ration-dev/ration"
)

// KeyFilter selects keys; zero fields select all.
type KeyFilter struct {
	Owner     string
	Plan      string
	Status    ration.Status
	Name      string       // exact
	Unlimited Unlimited    // by whether they have a limit
	After     ration.KeyID // keys with a greater id: the last of the page before
	Limit     int          // most keys returned; 0: 1,000
}

// Unlimited selects keys by whether any limit holds. The zero Unlimited selects all.
// Keys that can't be used any more have no limit to lack: none of the others
// selects them.
type Unlimited string

// The ways to select keys that have no limit, or will have none when a temporary
// one ends.
const (
	UnlimitedAny      Unlimited = "any"
	UnlimitedMarked   Unlimited = "marked"   // keys that are marked, or whose plan is: the missing limit is intended
	UnlimitedUnmarked Unlimited = "unmarked" // nobody said that the missing limit is intended
)

// NoLimit is the first time, from now on, at which a key has no limit at all: on
// no meter, neither a quota nor a rate.
type NoLimit struct {
	From   time.Time // zero: now
	Until  time.Time // zero: for good
	Marked bool      // the key or its plan says that this is meant
}

// Unmarked reports whether a key has no limit at some time, and nobody said that
// this is meant. Nil says of a key that it always has one.
func (n *NoLimit) Unmarked() bool { return n != nil && !n.Marked }

// UnlimitedKeys is how many keys have no limit, and the first of them.
type UnlimitedKeys struct {
	Count int
	First []ration.KeyID // at most 5, in the order of their ids
}

// String says it as the end of a sentence: "2 keys have no limit, …: key_…, key_…".
func (k UnlimitedKeys) String() string {
	names := make([]string, len(k.First))
	for i, id := range k.First {
		names[i] = id.String()
	}
	if k.Count > len(names) {
		names = append(names, "…")
	}
	have := " keys have"
	if k.Count == 1 {
		have = " key has"
	}
	return strconv.Itoa(k.Count) + have + " no limit, now or when a temporary one ends: " + strings.Join(names, ", ")
}

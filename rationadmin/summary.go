package rationadmin

import (
	"errors"
	"math/bits"
	"time"

	"github.com/ration-dev/ration"
)

const (
	// MostSummarised is the most keys that a list of a [Summary] has.
	MostSummarised = 100
	// MostMetersRanked is how many meters keys are ranked by, the first ones by name.
	MostMetersRanked = 50
)

// ErrSummaryBeingMade means that there is no summary yet. Ask again soon.
var ErrSummaryBeingMade = errors.New("the summary is being made")

// SummaryQuestion says what to show of a summary.
type SummaryQuestion struct {
	Meter string // that the first keys have used most of today; empty: requests
	Limit int    // most keys of each list; 0: [MostSummarised]
}

// Summary says which keys used most today, and which are nearest to a limit. Only keys
// that can be used are in it: active ones that have not expired. Keys of one rank are in
// the order of their ids.
type Summary struct {
	AsOf   time.Time     // by the database's clock: each key is shown as it was then or later
	Age    time.Duration // of AsOf
	Keys   int           // how many keys there are that can be used
	Meters []string      // that were used today, requests first; at most [MostMetersRanked]
	Top    []TopKey      // those that used most of the meter today
	Near   []NearKey     // those nearest to a limit
}

// TopKey is a key and what it used on its current day, which is that of its own time
// zone.
type TopKey struct {
	KeyID   ration.KeyID
	KeyName string
	Owner   string
	Plan    string
	Used    []ration.Amount // on the meters of the summary, requests first; without those that it did not use
}

// NearKey is a key and that of its limits of which the smallest part remains. Limits
// that allow nothing at all don't count, nor rates that will be whole again within half
// a minute.
type NearKey struct {
	KeyID    ration.KeyID
	KeyName  string
	Owner    string
	Plan     string
	At       time.Time          // by the database's clock: when it stood so
	Limit    ration.LimitStatus // used up in part at least
	Override bool               // the limit is the key's own, not its plan's
}

// Percent returns which part of the limit is used or reserved, from 0 to 100: rounded
// down, so that 100 means that nothing remains.
func (k *NearKey) Percent() int {
	size := k.Limit.Size()
	if size <= 0 || k.Limit.Remaining <= 0 {
		return 100
	}
	high, low := bits.Mul64(uint64(size-k.Limit.Remaining), 100)
	percent, _ := bits.Div64(high, low, uint64(size))
	return int(percent)
}

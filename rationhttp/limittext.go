package rationhttp

import (
	"sync"
	"sync/atomic"

	"github.com/dunglas/httpsfv"

	"github.com/ration-dev/ration"
)

// meterParameter names the meter of a limit that doesn't count requests. Quota units
// that aren't registered need a parameter of our own.
const meterParameter = "ration-meter"

// limitText is the part of a limit's items that never changes: its policy as a whole,
// and the value of its state. Making it takes longer than the rest of an answer, so
// it is remembered.
type limitText struct {
	policy string
	name   string
}

// maxLimitTexts bounds how many are remembered. Most limits belong to a plan, and
// plans are few. Keys' own limits beyond that number are written anew each time.
const maxLimitTexts = 4096

var (
	limitTexts     sync.Map // ration.Limit → *limitText
	limitTextCount atomic.Int64
)

// textOf returns a limit's text, or nil for a name that no structured field can
// carry.
func textOf(limit ration.Limit) *limitText {
	if known, found := limitTexts.Load(limit); found {
		return known.(*limitText)
	}
	text := newLimitText(limit)
	if text != nil && limitTextCount.Load() < maxLimitTexts {
		if _, loaded := limitTexts.LoadOrStore(limit, text); !loaded {
			limitTextCount.Add(1)
		}
	}
	return text
}

func newLimitText(limit ration.Limit) *limitText {
	item := httpsfv.NewItem(limit.Name)
	name, err := httpsfv.Marshal(item)
	if err != nil {
		return nil
	}
	item.Params.Add("q", min(limit.Size(), maxInteger))
	if limit.Kind == ration.KindConcurrent {
		item.Params.Add("qu", "concurrent-requests")
	}
	if seconds := windowSeconds(limit); seconds > 0 {
		item.Params.Add("w", seconds)
	}
	if limit.Meter != ration.MeterRequests {
		item.Params.Add(meterParameter, limit.Meter)
	}
	policy, err := httpsfv.Marshal(item)
	if err != nil {
		return nil
	}
	return &limitText{policy: policy, name: name}
}

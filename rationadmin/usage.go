package rationadmin

import (
	"time"

	"github.com/ration-dev/ration"
)

// UsageFilter selects days of the history. A zero field does not restrict the
// selection.
type UsageFilter struct {
	KeyID ration.KeyID
	Owner string
	// Owners and Plans select keys with one of them, as in a [KeyFilter].
	Owners, Plans []string
	Meter         string
	From          ration.PeriodID // first local date
	To            ration.PeriodID // last local date, included; 0: no end

	// The rest is for UsageDays.
	KeyIDs      []ration.KeyID // only these keys, at most [MostUsageKeys]; empty: any
	NewestFirst bool           // the whole order reversed
	After       UsagePosition  // only rows that come later in the order: pass the position of the last row of the page before
	Limit       int            // most rows returned, of SumUsage too; 0: 10,000
}

// MostUsageKeys is how many keys a [UsageFilter] can name.
const MostUsageKeys = 100

// UsagePosition is where a row is in the history by day. The zero UsagePosition is before
// all rows, in either order.
type UsagePosition struct {
	Date  ration.PeriodID
	KeyID ration.KeyID
	Meter string
}

// Position returns where the row is.
func (d *UsageDay) Position() UsagePosition { return UsagePosition{d.Date, d.KeyID, d.Meter} }

// UsageDay is what a key used on a meter on one of its local days.
type UsageDay struct {
	KeyID         ration.KeyID
	KeyName       string
	Owner         string
	Meter         string
	Date          ration.PeriodID
	Used          int64       // units
	Unit          ration.Unit // of the meter
	Denied        int64       // charges
	LastRequestAt time.Time   // of admitted charges; zero: none
}

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
	Limit         int             // most rows returned; 0: 10,000
}

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

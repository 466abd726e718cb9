package rationadmin

import (
	"time"

	"github.com/ration-dev/ration"
)

// UsageFilter selects history; zero fields select all.
type UsageFilter struct {
	KeyID ration.KeyID
	Owner string
	Meter string
	From  ration.PeriodID // first local date
	To    ration.PeriodID // last local date, included; 0: no end
	Limit int             // most rows returned; 0: 10,000
}

// UsageDay is one local day of a key on a meter.
type UsageDay struct {
	KeyID         ration.KeyID
	KeyName       string
	Owner         string
	Meter         string
	Date          ration.PeriodID
	Used          int64     // units
	Denied        int64     // charges
	LastRequestAt time.Time // of admitted charges; zero: none
}

package rationadmin

import (
	"time"

	"github.com/ration-dev/ration"
)

// HourFilter selects hours of the history. A zero field does not restrict the
// selection.
type HourFilter struct {
	KeyID ration.KeyID
	Owner string
	// Owners and Plans select keys with one of them, as in a [KeyFilter].
	Owners, Plans []string
	Meter         string
	From          time.Time
	To            time.Time // not included
	Limit         int       // most rows returned; 0: 10,000
}

// UsageHour is what a key used on a meter in one UTC hour.
type UsageHour struct {
	KeyID   ration.KeyID
	KeyName string
	Owner   string
	Meter   string
	Hour    time.Time // its start
	Used    int64     // units
	Denied  int64     // charges
}

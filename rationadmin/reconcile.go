package rationadmin

import (
	"time"

	"github.com/ration-dev/ration"
)

// ReconcileFilter selects the keys to reconcile, in the order of their ids.
type ReconcileFilter struct {
	KeyID ration.KeyID // only this key; zero: all
	After ration.KeyID // only keys with a greater id
	Limit int          // most keys looked at; 0: 1,000
}

// Reconciliation is the result of comparing the counts of some keys with the request
// log.
type Reconciliation struct {
	Keys        int          // that were looked at
	Logged      int          // keys of these that have entries in the log
	Entries     int64        // that were read
	Differences []Difference // the first 1,000
	Last        ration.KeyID // the last key that was looked at, for the next After; zero: there are no more keys
}

// Difference is a count that the request log doesn't explain.
type Difference struct {
	KeyID   ration.KeyID
	Meter   string
	Unit    ration.Unit     // of the meter
	Count   string          // "used", "denied" or "reserved"
	Date    ration.PeriodID // the day whose history has the count; 0: it is a count of all time
	At      time.Time       // the time of the entry before which something is missing; zero: it is missing after the last entry, or on Date
	Counted int64           // the count in the database, in units or charges
	Logged  int64           // the count that follows from the log
}

package rationadmin

import (
	"time"

	"github.com/ration-dev/ration"
)

// ReconcileFilter selects the keys that are reconciled, in the order of their ids.
type ReconcileFilter struct {
	KeyID ration.KeyID // this one alone; zero: all
	After ration.KeyID // those after it
	Limit int          // most keys looked at; 0: 1,000
}

// Reconciliation is what the request log says of the counts of some keys.
type Reconciliation struct {
	Keys        int          // looked at
	Logged      int          // of them, that have entries
	Entries     int64        // read
	Differences []Difference // the first [maxDifferences]
	Last        ration.KeyID // of those looked at; zero: there are no more
}

// Difference is a count that the log doesn't account for.
type Difference struct {
	KeyID   ration.KeyID
	Meter   string
	Count   string          // "used", "denied" or "reserved"
	Date    ration.PeriodID // the day whose history it is; 0: of all that was ever counted
	At      time.Time       // of the entry before which something is missing; zero: after the last one, or Date's
	Counted int64           // what the database counts
	Logged  int64           // what follows from the log
}

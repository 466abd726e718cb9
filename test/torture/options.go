package torture

import (
	"fmt"
	"strings"
	"time"

	"github.com/ration-dev/ration/test/harness"
)

// Store is the kind of database that a run is on.
type Store string

// The stores.
const (
	SQLite   Store = "sqlite"   // one instance
	Postgres Store = "postgres" // three, each behind a wire of its own
)

// Options say what a run does. Equal options make equal choices; what becomes of them
// depends on the machine, too.
type Options struct {
	Store    Store
	Seed     uint64
	Duration time.Duration // of the load
	Times    int           // how often each fault happens at least, however long that takes; 0: for Duration
	Midnight bool          // all clocks are set ahead, so that a calendar day turns in the middle of the run
	Build    harness.Build // zero: that of this source
	Disk     string        // a directory of a disk that may be filled, where the database is then; empty: none
	Faults   []string      // names of the faults to choose from; none: all that the store has
}

func (o *Options) instances() int {
	if o.Store == SQLite {
		return 1
	}
	return 3
}

// Repeat returns the command that makes the same choices again.
func (o *Options) Repeat() string {
	command := fmt.Sprintf("make prove STORE=%s SEED=%d", o.Store, o.Seed)
	if all, _ := Faults(o.Store); len(o.Faults) > 0 && len(o.Faults) < len(all) {
		command += " FAULTS=" + strings.Join(o.Faults, ",")
	}
	if o.Midnight {
		command += " MIDNIGHT=1"
	}
	if o.Times > 0 {
		return command + fmt.Sprintf(" TIMES=%d", o.Times)
	}
	return command + fmt.Sprintf(" SECONDS=%d", int(o.Duration.Seconds()))
}

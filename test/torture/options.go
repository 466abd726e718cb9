package torture

import (
	"fmt"
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
	Build    harness.Build // zero: that of this source
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
	return fmt.Sprintf("make prove STORE=%s SECONDS=%d SEED=%d", o.Store, int(o.Duration.Seconds()), o.Seed)
}

package rationadmin

import (
	"time"

	"github.com/ration-dev/ration"
)

// KeyReset says which limits of a key to reset, and why.
type KeyReset struct {
	ID     ration.KeyID
	Meter  string   // only limits on this meter; empty: on any
	Limits []string // only these, by name or as "day", "tokens/month"; nil: all that hold now
	Reason string   // for the audit log: 1 to 200 characters
	DryRun bool     // only find out what would be reset
}

// KeyResetDone is what a reset did.
type KeyResetDone struct {
	KeyID  ration.KeyID
	At     time.Time // by the store's clock
	Limits []LimitReset
}

// LimitReset is one limit that was reset. Units that were counted stay in the history
// and in the totals.
type LimitReset struct {
	Used     int64              // units that the limit counted before
	Reserved int64              // units that it counted for open reservations; they stay reserved, but no longer count here
	Now      ration.LimitStatus // after the reset
	Override bool               // the key's own limit, not its plan's
}

package rationadmin

import (
	"github.com/ration-dev/ration"
)

// DiagnoseOptions says how closely to look.
type DiagnoseOptions struct {
	Deep bool // read all of the database
}

// FindingState is how bad a finding is.
type FindingState string

// The states.
const (
	FindingOK      FindingState = "ok"
	FindingWarning FindingState = "warning" // something promised is weakened, or cannot be told
	FindingProblem FindingState = "problem" // something is wrong now
)

// Finding is what one check has found.
type Finding struct {
	Check  string // its name, which does not change
	State  FindingState
	Detail string // what is
	Advice string // what to do; empty if nothing
}

// The names of checks that a repair depends on.
const (
	CheckAudit = "audit" // a warning: the clock is behind the newest change
	CheckUsage = "usage" // what [Service.RepairUsage] puts right
)

// UsageRepaired is what a repair has done to some keys.
type UsageRepaired struct {
	Repaired int          // keys
	Skipped  []SkippedKey // could not be repaired
	Next     ration.KeyID // to go on after; zero: there are no more
}

// SkippedKey is a key that could not be repaired.
type SkippedKey struct {
	ID     ration.KeyID
	Reason string
}

package rationadmin

import (
	"github.com/ration-dev/ration"
)

// DiagnoseOptions says how closely to look.
type DiagnoseOptions struct {
	Deep bool // also read the whole database; this can take minutes
}

// FindingState says how bad a finding is.
type FindingState string

// The states.
const (
	FindingOK      FindingState = "ok"
	FindingWarning FindingState = "warning" // a promise is weakened, or the check could not find out
	FindingProblem FindingState = "problem" // something is wrong now
)

// Finding is the result of one check.
type Finding struct {
	Check  string // the check's name, which stays the same from release to release
	State  FindingState
	Detail string // what the check found
	Advice string // what to do about it; empty: nothing
}

// The names of the checks that a repair depends on.
const (
	CheckAudit = "audit" // warns that the clock is behind the newest change
	CheckUsage = "usage" // finds what [Operations.RepairUsage] corrects
)

// UsageRepaired is the outcome of one step of a repair.
type UsageRepaired struct {
	Repaired int          // keys
	Skipped  []SkippedKey // could not be repaired
	Next     ration.KeyID // the after of the next step; zero: there are no more keys
}

// SkippedKey is a key that could not be repaired, and why.
type SkippedKey struct {
	ID     ration.KeyID
	Reason string
}

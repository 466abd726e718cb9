package faults

import "time"

// Effect is what a fault does to callers while it holds.
type Effect int

// The effects.
const (
	// Outage: no call that begins while the fault holds can be admitted before
	// it is healed, and all get an error.
	Outage Effect = iota
	// Trouble: some calls fail.
	Trouble
	// Slowness: calls take longer and may fail.
	Slowness
	// Unnoticed: calls go on as before.
	Unnoticed
)

// Fault is something that breaks and is put right again.
type Fault struct {
	Name   string
	Effect Effect
	Break  func(*Rig) error // the fault holds when it returns
	Heal   func(*Rig) error // the database can be used when it returns
	After  func(*Rig)       // clears away what a fault leaves by its nature; nil: nothing
	Hold   time.Duration    // how long it holds, at least
}

// mustFail reports whether some patient caller has to get an error. One who
// waits over a short outage may get an answer.
func (f Fault) mustFail() bool {
	return f.Effect == Trouble || f.Effect == Outage && f.Hold > maxWait
}

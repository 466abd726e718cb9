package torture

import (
	"sync"
	"time"
)

// Kind is what a client or an administrator did with a key.
type Kind string

// The kinds.
const (
	Charge Kind = "charge" // through the verify API
	Call   Kind = "call"   // through the proxy
)

// Outcome is what is known of an operation.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "done"    // it was admitted, or the change was made
	Denied  Outcome = "denied"  // by a limit, or because of the key
	Nothing Outcome = "nothing" // for certain nothing was charged or changed
	Unknown Outcome = "unknown" // it may have had its effect, or may have it later
)

// Operation is one call and its answer.
type Operation struct {
	Kind     Kind          `json:"kind"`
	Called   time.Duration `json:"called"` // on a clock that all clients share
	Returned time.Duration `json:"returned"`
	Units    int64         `json:"units"` // asked for
	Outcome  Outcome       `json:"outcome"`
	Code     string        `json:"code,omitempty"` // of a denial
	Standing int64         `json:"standing"`       // used and reserved, as the answer said; -1: it said nothing
	Limit    int64         `json:"limit"`          // as the answer said; 0: it said nothing
}

// Subject is all that is known of one key.
type Subject struct {
	Key        string      `json:"key"`
	Limit      int64       `json:"limit"` // with which it was made, in requests for its lifetime
	Operations []Operation `json:"operations"`
	Seen       int64       `json:"seen"`     // calls that reached the upstream, by its own log
	Recorded   int64       `json:"recorded"` // units that the history has in the end

	mu     sync.Mutex
	secret string
}

// Evidence is what a run has found out.
type Evidence struct {
	Subjects []*Subject `json:"subjects"`
}

// note adds an operation.
func (s *Subject) note(op Operation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Operations = append(s.Operations, op)
}

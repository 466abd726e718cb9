package torture

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Kind is what was done with a key.
type Kind string

// The kinds.
const (
	Charge   Kind = "charge"    // through the verify API
	Call     Kind = "call"      // through the proxy
	Fail     Kind = "fail"      // a call that the upstream fails, so that a GiveBack with the same ID follows within it
	GiveBack Kind = "give back" // what became of its charge
	Reserve  Kind = "reserve"
	Settle   Kind = "settle"
	Void     Kind = "void"
	Expire   Kind = "expire"    // of a reservation that gives back what it held when it expires
	SetLimit Kind = "set limit" // to Units
	Reset    Kind = "reset"
	Rotate   Kind = "rotate"
	Revoke   Kind = "revoke"
	Read     Kind = "read"
)

// Outcome is what is known of an operation.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "done"    // it was admitted, or the change was made
	Denied  Outcome = "denied"  // as Code says
	Nothing Outcome = "nothing" // for certain nothing was charged or changed
	Unknown Outcome = "unknown" // it may have had its effect, or may have it later
)

// Never is when an operation returned whose effect may come at any time.
const Never = time.Duration(math.MaxInt64)

// Operation is one call and its answer.
type Operation struct {
	Kind     Kind          `json:"kind"`
	Called   time.Duration `json:"called"` // on a clock that all clients share
	Returned time.Duration `json:"returned"`
	Units    int64         `json:"units,omitempty"`  // asked for
	ID       string        `json:"id,omitempty"`     // of a reservation or a failing call, or an idempotency key
	Secret   int           `json:"secret,omitempty"` // which of the key's it was sent with; of a rotation, the one before the one that it makes
	Outcome  Outcome       `json:"outcome"`
	Code     string        `json:"code,omitempty"`     // of a denial
	Expires  bool          `json:"expires,omitempty"`  // of a reservation: within the run, if nothing ends it
	Replayed bool          `json:"replayed,omitempty"` // the answer is that of an earlier, equal one
	Standing int64         `json:"standing"`           // used and reserved, as the answer said; -1: it said nothing
	Limit    int64         `json:"limit,omitempty"`    // as the answer said; 0: it said nothing
	Period   int64         `json:"period,omitempty"`   // Unix time at which the answer said that it ends; 0: never
}

// end is when its effect must have come.
func (op *Operation) end() time.Duration {
	if op.Outcome == Unknown || op.Kind == Expire {
		return Never
	}
	return op.Returned
}

// Class is what is done with a key.
type Class string

// The classes.
const (
	Counter  Class = "counter"  // charges of one unit through the verify API, and nothing else
	Proxied  Class = "proxied"  // calls through the proxy, and nothing else
	Daily    Class = "daily"    // charges of one unit through the verify API, with a limit for each day
	Register Class = "register" // everything
)

// Subject is all that is known of one key.
type Subject struct {
	Key        string      `json:"key"`
	Class      Class       `json:"class"`
	Limit      int64       `json:"limit"`              // of requests, with which it was made
	Zone       string      `json:"zone"`               // where it is
	Calendar   bool        `json:"calendar,omitempty"` // its limit is for each day there
	Operations []Operation `json:"operations"`

	Lost     bool  `json:"lost,omitempty"` // it was created, and is not there
	Seen     int64 `json:"seen"`           // calls that reached the upstream, by its own log
	Recorded int64 `json:"recorded"`       // units that the history has in the end
	Counted  int64 `json:"counted"`        // units that the key has used in all time
	Held     int64 `json:"held"`           // units that open reservations hold
	Kept     int64 `json:"kept"`           // units of failing calls that were not given back
	Days     []Day `json:"days"`           // of the history

	slow      atomic.Int32 // calls that were to be under way at midnight
	rotating  sync.Mutex   // what follows
	rotations int          // that were tried

	mu      sync.Mutex
	plan    string // that it has its limit from; empty: it has its own
	form    string // of its limit
	turn    turn   // the next midnight, when it was made
	secret  string
	version int    // of the secret
	open    []held // reservations
	unknown int
}

// Day is a day of a key's history.
type Day struct {
	Date string `json:"date"`
	Used int64  `json:"used"` // units
	Kept int64  `json:"kept"` // units of failing calls that were not given back
}

// held is a reservation that somebody may end.
type held struct {
	id    string
	units int64
}

// Evidence is what a run has found out.
type Evidence struct {
	Started  time.Time     `json:"started"` // when the clients' clock was 0, by the machine's
	Ended    time.Duration `json:"ended"`   // when nothing was under way any more
	Steps    []Step        `json:"steps"`   // of the database's clock
	Subjects []*Subject    `json:"subjects"`
}

// note adds operations.
func (s *Subject) note(operations ...Operation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Operations = append(s.Operations, operations...)
	if operations[0].Outcome == Unknown {
		s.unknown++
	}
}

// Write writes an evidence to a file, so that it can be judged again.
func (e *Evidence) Write(path string) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	packed := gzip.NewWriter(file)
	return errors.Join(json.NewEncoder(packed).Encode(e), packed.Close())
}

// ReadEvidence reads what Write has written.
func ReadEvidence(path string) (e *Evidence, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	packed, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	e = new(Evidence)
	return e, json.NewDecoder(packed).Decode(e)
}

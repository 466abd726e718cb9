package rationadmin

import (
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
)

// NewJob is work that goes on after its caller has left. Exactly one field is set, and
// none of them is a dry run.
type NewJob struct {
	Change *KeysChange  // without Filter.After and Filter.Limit
	Keys   *KeysImport  // of any number of keys, without Before
	Usage  *UsageImport // of any number of days
}

// Job is such work, and what has become of it.
type Job struct {
	ID    uuid.UUID
	Kind  JobKind
	State JobState

	Actor string // who asked for it
	Origin

	// Of JobChangeKeys: what it does with which keys. The zero Filter is all of them.
	Action KeyAction
	Filter KeyFilter

	CreatedAt  time.Time
	StartedAt  time.Time // zero: no instance has begun it
	FinishedAt time.Time // zero: it has not finished

	Done     int // keys or rows that were looked at
	Total    int // of how many; of a change of keys 0, since nobody counts them before
	Counts   JobCounts
	Problems []JobProblem // the first of them, at most [MaxJobProblems]; ListJobs leaves them out
	Error    string       // why it has failed or was cancelled; empty: it has not, or by request
}

// MaxJobProblems is how many problems of a job are kept. JobCounts has how many there
// were.
const MaxJobProblems = 200

// JobKind says what a job does.
type JobKind string

// The kinds of jobs.
const (
	JobChangeKeys  JobKind = "keys.change"
	JobImportKeys  JobKind = "keys.import"
	JobImportUsage JobKind = "usage.import"
)

// JobState is how far a job is.
type JobState string

// The states of a job. The last three are final.
const (
	JobQueued    JobState = "queued"    // an instance will take it
	JobRunning   JobState = "running"   // an instance has taken it; if that crashes, another one goes on
	JobDone      JobState = "done"      // all was looked at, even where there were problems
	JobFailed    JobState = "failed"    // it can't go on; what it did stays
	JobCancelled JobState = "cancelled" // it stays as far as it is
)

// JobStates are all of them.
var JobStates = []JobState{JobQueued, JobRunning, JobDone, JobFailed, JobCancelled}

// JobCounts says what became of the keys or rows that a job has looked at.
type JobCounts struct {
	Changed   int `json:"changed,omitempty"`   // keys
	Created   int `json:"created,omitempty"`   // keys
	Present   int `json:"present,omitempty"`   // keys that existed already
	Raised    int `json:"raised,omitempty"`    // days
	Unchanged int `json:"unchanged,omitempty"` // keys or days that already were as they should be
	NoLimit   int `json:"no_limit,omitempty"`  // keys that have no limit now, or will have none, without a mark that this is intended
	Problems  int `json:"problems,omitempty"`  // keys or rows that were left as they are because of a problem
}

// JobProblem is a key or a row that a job has left as it is, and why.
type JobProblem struct {
	Row    int          `json:"row,omitempty"` // of an import; 0: none
	KeyID  ration.KeyID `json:"key,omitzero"`  // of a change; zero: none
	Reason string       `json:"reason"`
}

// JobFilter selects jobs. They are in the order of their ids, the newest first. A zero
// field does not restrict the selection.
type JobFilter struct {
	State JobState
	After uuid.UUID // only jobs that come later in the order: pass the last one of the page before
	Limit int       // most jobs returned; 0: 1,000
}

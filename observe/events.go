package observe

import "time"

// Batch reports a batch that a lane (a queue of the engine) has sent to the store.
// Its items are charges, ends of reservations, and refunds. It is reported after the
// callers were answered. A batch may take several transactions; see [Retry].
type Batch struct {
	Store   string        // what the store's method Name returns; "other" if it has none
	Lane    int           // from 0
	Items   int           // in the batch
	Waiting int           // items that were left waiting for the next batch when this one was sent
	Waited  time.Duration // how long the first item had waited when the batch was sent
	Took    time.Duration // from sending the batch until the store answered
	Err     error         // of the whole batch; nil: every item was decided
}

// Retry reports that a transaction failed for a temporary reason, and is sent again.
type Retry struct {
	Store  string
	Reason string // one of the Retry constants
}

// Reasons to send a transaction again.
const (
	RetryKeyLocked    = "key_locked"   // a key's row stayed locked; the batch's other keys may have gone on without it
	RetryConflict     = "conflict"     // a deadlock, or another conflict between transactions
	RetryDisconnected = "disconnected" // the connection broke, and nothing can have been committed
	RetryLostCommit   = "lost_commit"  // the answer to a COMMIT was lost; see [Resolution]
	RetryUnsettled    = "unsettled"    // an earlier attempt whose outcome is unknown still runs
	RetryChanged      = "changed"      // what the instance remembered of a key was no longer so, or the time too old
)

// Resolution reports what became of a commit whose answer was lost.
type Resolution struct {
	Store   string
	Outcome string // one of the Commit constants
}

// Outcomes of a commit whose answer was lost.
const (
	CommitFound   = "committed"     // the batch was found committed, and its decisions were answered
	CommitMissing = "not_committed" // the batch was not committed, and was decided anew
	CommitUnknown = "unknown"       // no caller waited any more; the callers were told that the outcome is unknown
)

// Purge reports that rows were deleted, or should have been, because their retention
// time is over.
type Purge struct {
	Store string
	Table string        // such as "reservations"
	Rows  int64         // deleted rows; -1: a whole partition was dropped without counting its rows
	Took  time.Duration // how long the deletion took
	Err   error         // why further rows could not be deleted
}

// Weakness reports a change: from now on a promise is weakened, or no longer
// weakened.
type Weakness struct {
	Store  string
	What   string // one of the Weakness constants
	Active bool   // true: it begins; false: it ends
	Detail string // what was found, as text for people; not from a closed set
}

// Facts that weaken a promise.
const (
	WeaknessUnsafeDurability = "unsafe_durability" // the store accepts a server that may lose commits
	WeaknessStandbyAway      = "standby_away"      // commits wait in vain for a synchronous standby, so nothing can be charged
)

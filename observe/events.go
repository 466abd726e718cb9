package observe

import "time"

// Batch is a batch of items (charges, ends of reservations, refunds) that a lane has
// sent to the store, after its callers were answered. It may have taken several
// transactions; see [Retry].
type Batch struct {
	Store   string        // the store's Name; "other" if it has none
	Lane    int           // from 0
	Items   int           // in the batch
	Waiting int           // items that waited for the next batch when this one was sent
	Waited  time.Duration // how long the item that came first had waited by then
	Took    time.Duration // from then until the store answered
	Err     error         // of the whole batch; nil: each charge was decided
}

// Retry is a transaction that failed for a passing reason and is sent again.
type Retry struct {
	Store  string
	Reason string // one of the Retry constants
}

// Why a transaction is sent again.
const (
	RetryKeyLocked    = "key_locked"   // the row of a key stayed locked, or other keys moved on without it
	RetryConflict     = "conflict"     // a deadlock, or another conflict between transactions
	RetryDisconnected = "disconnected" // the connection broke, and nothing can have been committed
	RetryLostCommit   = "lost_commit"  // the answer to a COMMIT was lost; see [Resolution]
	RetryUnsettled    = "unsettled"    // an earlier attempt whose outcome is unknown still runs
)

// Resolution is what became of a commit whose answer was lost.
type Resolution struct {
	Store   string
	Outcome string // one of the Commit constants
}

// What became of a commit.
const (
	CommitFound   = "committed"     // it was found committed, and its decisions were answered
	CommitMissing = "not_committed" // it was not, and the batch was decided anew
	CommitUnknown = "unknown"       // nobody waited any more; its callers were told that the outcome is unknown
)

// Purge is rows that were kept for their time and are deleted, or were to be.
type Purge struct {
	Store string
	Table string        // such as "reservations"
	Rows  int64         // deleted; -1: a partition was dropped whole, and nobody counted
	Took  time.Duration // how long that took
	Err   error         // why more could not be deleted
}

// Weakness is a change: a promise begins or ceases to be weakened.
type Weakness struct {
	Store  string
	What   string // one of the Weakness constants
	Active bool   // it begins
	Detail string // what was seen, for people; not of a closed set
}

// What weakens a promise.
const (
	WeaknessUnsafeDurability = "unsafe_durability" // a server that may forget commits is accepted
	WeaknessStandbyAway      = "standby_away"      // commits wait for a synchronous standby in vain, so nothing is charged
)

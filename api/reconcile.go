package api

import "time"

// Reconciliation compares the counts with the request log.
type Reconciliation struct {
	Keys        int          `json:"keys"`        // that were looked at
	Logged      int          `json:"logged"`      // keys of these that have entries in the log
	Entries     int64        `json:"entries"`     // that were added up
	Differences []Difference `json:"differences"` // never null
}

// Difference is a count that the request log doesn't account for.
type Difference struct {
	KeyID   string     `json:"key_id"`
	Meter   string     `json:"meter"`
	Count   string     `json:"count"`   // used, denied or reserved
	Date    string     `json:"date"`    // the day that was counted; empty: it is a count of all time
	At      *time.Time `json:"at"`      // the time of the entry before which something is missing; null: it is missing after the last entry, or on a day
	Counted Number     `json:"counted"` // the count in the database
	Logged  Number     `json:"logged"`  // the count that follows from the log
}

// ReconciliationChunk is the outcome of one request that compares the counts of some
// keys.
type ReconciliationChunk struct {
	Reconciliation
	NextCursor *string `json:"next_cursor"` // the cursor of the next request; null: no keys are left
}

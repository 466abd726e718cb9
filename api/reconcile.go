package api

import "time"

// Reconciliation compares the counts with the request log.
type Reconciliation struct {
	Keys        int          `json:"keys"`        // looked at
	Logged      int          `json:"logged"`      // of them, that have entries
	Entries     int64        `json:"entries"`     // added up
	Differences []Difference `json:"differences"` // never null
}

// Difference is a count that the request log doesn't account for.
type Difference struct {
	KeyID   string     `json:"key_id"`
	Meter   string     `json:"meter"`
	Count   string     `json:"count"`   // used, denied or reserved
	Date    string     `json:"date"`    // the day whose count it is; empty: of all that was ever counted
	At      *time.Time `json:"at"`      // of the entry before which something is missing; null: after the last one, or a day's
	Counted int64      `json:"counted"` // by the database
	Logged  int64      `json:"logged"`  // what follows from the log
}

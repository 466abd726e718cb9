package api

import "time"

// NewJob is the body of POST /v1/admin/jobs: exactly one of its members says what is to be
// done.
type NewJob struct {
	ChangeKeys  *KeysChange  `json:"change_keys,omitempty"`  // a change of all keys that match; without dry_run, limit and cursor
	ImportKeys  *KeysImport  `json:"import_keys,omitempty"`  // keys that keep the secrets they have; without before and dry_run
	ImportUsage *UsageImport `json:"import_usage,omitempty"` // usage that another system counted; without dry_run
}

// Job is work that goes on after its caller has left.
type Job struct {
	ID         string     `json:"id"`
	Kind       string     `json:"kind"`               // "keys.change", "keys.import" or "usage.import"
	State      string     `json:"state"`              // "queued", "running", "done", "failed" or "cancelled"
	Actor      string     `json:"actor"`              // who asked for it: "token:<name>", "cli:<user>"
	From       string     `json:"from,omitempty"`     // the address that it was asked for from, or "socket"
	TokenID    string     `json:"token_id,omitempty"` // the service token that it was asked for with
	Action     string     `json:"action,omitempty"`   // of a change of keys: "update", "disable", "enable" or "revoke"
	Filter     *KeyFilter `json:"filter,omitempty"`   // of a change of keys: which; empty: all
	CreatedAt  time.Time  `json:"created_at"`
	StartedAt  *time.Time `json:"started_at,omitempty"`  // absent: it has not begun
	FinishedAt *time.Time `json:"finished_at,omitempty"` // absent: it has not finished

	Done     int          `json:"done"`               // keys or rows that were looked at
	Total    int          `json:"total,omitempty"`    // of how many; absent: not known, as of a change of keys
	Counts   JobCounts    `json:"counts"`             // what became of them
	Problems []JobProblem `json:"problems,omitempty"` // the first 200; absent in lists
	Error    string       `json:"error,omitempty"`    // why it has failed or was cancelled
}

// JobCounts says what became of the keys or rows that a job has looked at.
type JobCounts struct {
	Changed   int `json:"changed,omitempty"`   // keys that were changed
	Created   int `json:"created,omitempty"`   // keys that were created
	Present   int `json:"present,omitempty"`   // keys that existed already
	Raised    int `json:"raised,omitempty"`    // days that had less here
	Unchanged int `json:"unchanged,omitempty"` // keys or days that already were as they should be
	NoLimit   int `json:"no_limit,omitempty"`  // keys that have no limit now, or will have none, without a mark that this is intended
	Problems  int `json:"problems,omitempty"`  // keys or rows that were left as they are because of a problem
}

// JobProblem is a key or a row that a job has left as it is.
type JobProblem struct {
	Row    int    `json:"row,omitempty"` // of an import: the row that was given with it, or else its number from 1 on
	Key    string `json:"key,omitempty"` // of a change: the key's id
	Reason string `json:"reason"`
}

package api

// Finding is the result of one check of a database.
type Finding struct {
	Check  string `json:"check"`  // "schema", "clock", …: a name stays the same from release to release
	State  string `json:"state"`  // "ok", "warning" or "problem"
	Detail string `json:"detail"` // what the check found
	Advice string `json:"advice"` // what to do about it; empty: nothing
}

// Findings has the result of each check of a database.
type Findings struct {
	Items []Finding `json:"items"` // never null
}

// UsageRepaired is the outcome of one step of a repair of usage.
type UsageRepaired struct {
	Repaired   int          `json:"repaired"`    // keys
	Skipped    []SkippedKey `json:"skipped"`     // could not be repaired; never null
	NextCursor *string      `json:"next_cursor"` // the cursor of the next step; null: no keys are left
}

// SkippedKey is a key that could not be repaired, and why.
type SkippedKey struct {
	KeyID  string `json:"key_id"`
	Reason string `json:"reason"`
}

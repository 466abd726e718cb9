package api

// Finding is the result of one check of a database.
type Finding struct {
	Check  string `json:"check"`  // "schema", "clock", …: a name stays the same from release to release
	State  string `json:"state"`  // "ok", "warning" or "problem"
	Detail string `json:"detail"` // what the check found
	Advice string `json:"advice"` // what to do about it; empty: nothing
}

package api

// Finding is what one check of a database has found.
type Finding struct {
	Check  string `json:"check"`  // "schema", "clock", …: names stay
	State  string `json:"state"`  // "ok", "warning" or "problem"
	Detail string `json:"detail"` // what is
	Advice string `json:"advice"` // what to do; empty: nothing
}

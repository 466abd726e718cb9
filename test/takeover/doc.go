// Package takeover runs examples/app-takeover: the app alone, and the app behind
// the built binary, which its clients can't tell apart.
package takeover

//go:build long

package e2e_test

// How often what is repeated is repeated.
const (
	restarts  = 30
	drains    = 100
	openLists = 10_000
)

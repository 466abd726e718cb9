//go:build !long

package e2e_test

// How often what is repeated is repeated.
const (
	restarts  = 6
	drains    = 3
	openLists = 1_000
)

//go:build !long

package sqlite_test

// How often faults are made.
const (
	busyHolds = 1
	diskFills = 2
)

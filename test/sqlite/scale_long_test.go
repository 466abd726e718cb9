//go:build long

package sqlite_test

// How often faults are made.
const (
	busyHolds = 10
	diskFills = 20
)

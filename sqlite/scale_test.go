//go:build !long

package sqlite_test

// How often faults are made.
const (
	powerCuts       = 50
	failedFlushStep = 11 // between one flush to fail and the next
	failedCallShare = 1  // so much smaller is the step between one call to fail and the next than its number
	diskFills       = 2
	damages         = 50
)

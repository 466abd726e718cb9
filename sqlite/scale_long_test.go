//go:build long

package sqlite_test

// How often faults are made.
const (
	powerCuts       = 1000
	failedFlushStep = 1         // between one flush to fail and the next
	failedCallShare = 1_000_000 // so much smaller is the step between one call to fail and the next than its number
	diskFills       = 20
	damages         = 500
)

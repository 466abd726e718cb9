//go:build !long

package sqlite_test

// How often faults are made.
const (
	powerCuts        = 15 // at least
	lossesToFind     = 1  // of a store that flushes less
	failedFlushStep  = 41 // between one flush to fail and the next
	failedCallGrowth = 2  // of the number of the call to fail next
	diskFills        = 2
	damages          = 12
)

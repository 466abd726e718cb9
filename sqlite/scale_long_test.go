//go:build long

package sqlite_test

// How often faults are made.
const (
	powerCuts        = 1000 // at least
	lossesToFind     = 3    // of a store that flushes less
	failedFlushStep  = 1    // between one flush to fail and the next
	failedCallGrowth = 0    // of the number of the call to fail next
	diskFills        = 20
	damages          = 500
)

package console

import (
	"testing"
	"time"
)

// CountNoLongerThan changes how long a page counts keys, for one test.
func CountNoLongerThan(t *testing.T, length time.Duration) {
	t.Helper()
	before := previewTime
	previewTime = length
	t.Cleanup(func() { previewTime = before })
}

// RejectNoLongerThan changes how long one form rejects requests, for one test.
func RejectNoLongerThan(t *testing.T, length time.Duration) {
	t.Helper()
	before := rejectTime
	rejectTime = length
	t.Cleanup(func() { rejectTime = before })
}

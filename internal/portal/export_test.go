package portal

import (
	"testing"
	"time"
)

// SetFormTime changes how long a form may take, for one test.
func SetFormTime(t *testing.T, length time.Duration) {
	t.Helper()
	before := formTime
	formTime = length
	t.Cleanup(func() { formTime = before })
}

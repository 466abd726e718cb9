package inputfile

import (
	"testing"
	"time"
)

// SetSilence shortens how long a pipe may give nothing.
func SetSilence(t *testing.T, to time.Duration) {
	before := silence
	silence = to
	t.Cleanup(func() { silence = before })
}

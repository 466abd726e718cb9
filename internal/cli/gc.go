package cli

import (
	"os"
	"runtime/debug"
)

// serverGCPercent lets the heap grow to five times what is live before it is
// collected. A server's live data is small and its garbage is plenty: this
// gained a tenth of the throughput in "make bench", which sets the same.
const serverGCPercent = 400

// collectLess sets serverGCPercent unless the operator set GOGC.
func collectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(serverGCPercent)
	}
}

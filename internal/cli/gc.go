package cli

import (
	"os"
	"runtime/debug"
)

// serverGCPercent lets the heap grow to three times what is live before it is
// collected. A server's live data is small and its garbage is plenty: five times once
// gained a tenth of the throughput over Go's twice, and in turns with this is as fast at
// "/v1/verify" (0.99 to 1.0) and takes 1.3 to 1.4 times the memory. "make bench" sets the
// same for what stands beside Ration.
const serverGCPercent = 200

// collectLess sets serverGCPercent unless the operator set GOGC.
func collectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(serverGCPercent)
	}
}

package cli

import (
	"os"
	"runtime/debug"
)

// serverGCPercent lets the heap grow to three times what is live before it is
// collected. A server's live data is small and its garbage is plenty, so Go's twice would
// cost throughput. Five times, tried beside this in turns, gained nothing at
// "/v1/verify" (0.99 to 1.0) and took 1.3 to 1.4 times the memory. "make bench" sets the
// same for what stands beside Ration.
const serverGCPercent = 200

// collectLess sets serverGCPercent unless the operator set GOGC.
func collectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(serverGCPercent)
	}
}

package rationhttp

import (
	"context"

	"github.com/ration-dev/ration"
)

// mayFailOpen reports whether an error only says that nothing could be decided
// just now. A client that has gone needs no open door, and a fault in the
// charge itself would never close it again.
func mayFailOpen(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	switch ration.CodeOf(err) {
	case ration.CodeStoreUnavailable, ration.CodeOutcomeUnknown, ration.CodeClockSuspect:
		return true
	}
	return false
}

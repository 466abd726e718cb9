package rationhttp

import (
	"context"

	"github.com/ration-dev/ration"
)

// mayFailOpen reports whether an error only says that nothing could be decided just
// now. There is no reason to let a client through that has gone. And with a fault in
// the charge itself, every request would be let through for ever.
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

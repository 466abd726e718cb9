package rationhttp

import (
	"context"
	"errors"

	"github.com/ration-dev/ration"
)

// mayFailOpen reports whether an error only says that nothing could be decided
// just now. A client that has gone needs no open door, and a fault in the
// charge itself would never close it again.
func mayFailOpen(ctx context.Context, err error) bool {
	return ctx.Err() == nil && (errors.Is(err, ration.ErrStoreUnavailable) || errors.Is(err, ration.ErrOutcomeUnknown) ||
		errors.Is(err, ration.ErrClockSuspect) || errors.Is(err, ration.ErrClosed))
}

package rationhttp

import (
	"context"
	"time"

	"github.com/ration-dev/ration"
)

// ReleaseTimeout is the longest time for which Release waits.
const ReleaseTimeout = 2 * time.Second

// Releaser gives back the slots of requests in flight. The Charger of a [Gate] must be
// one too for concurrent limits to hold slots, as a [ration.Engine] is.
type Releaser interface {
	// Release ends a lease, and goes on trying after an error; see
	// [ration.Engine.Release].
	Release(ctx context.Context, lease ration.Lease) error
}

var _ Releaser = (*ration.Engine)(nil)

func (g *Gate) canRelease() bool {
	_, able := g.Charger.(Releaser)
	return able
}

// Release gives back the slots that an admitted question with InFlight holds, once its
// request has ended. It may be called after the client has gone, and again. If the
// question holds none, as where no concurrent limit applies, it does nothing. After an
// error the slots become free a little later by themselves.
func (g *Gate) Release(ctx context.Context, answer *Answer) error {
	lease := answer.Decision.Lease
	releaser, able := g.Charger.(Releaser)
	if lease == nil || !able {
		return nil
	}
	answer.Decision.Lease = nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ReleaseTimeout)
	defer cancel()
	return releaser.Release(ctx, *lease)
}

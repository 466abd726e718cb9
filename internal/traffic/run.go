package traffic

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/condense"
)

const (
	writeEvery = 5 * time.Second
	// lastWithin is how long a server that stops waits for its last write.
	lastWithin = 3 * time.Second
)

// Run writes regularly until ctx ends, and then once more.
func (c *Counter) Run(ctx context.Context, to admin.Traffic, log *slog.Logger) {
	condensed, ticker := condense.New(log), time.NewTicker(writeEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			err := c.Write(ctx, to)
			// Who asks for a decision meanwhile is told where the database is away.
			if err != nil && ctx.Err() == nil && !errors.Is(err, ration.ErrStoreUnavailable) && !errors.Is(err, ration.ErrOutcomeUnknown) {
				condensed.Say(ctx, slog.LevelWarn, condense.Kind{Message: "can't write how many requests were answered; it is tried again"}, slog.Any("error", err))
			}
		case <-ctx.Done():
			c.writeLast(context.WithoutCancel(ctx), to, log)
			return
		}
	}
}

func (c *Counter) writeLast(ctx context.Context, to admin.Traffic, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, lastWithin)
	defer cancel()
	if err := c.Write(ctx, to); err != nil {
		log.WarnContext(ctx, "the last counts of traffic were not written", "error", err)
	}
}

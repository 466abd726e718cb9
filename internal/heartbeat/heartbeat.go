// Package heartbeat tells the database, again and again, that an instance runs.
package heartbeat

import (
	"context"
	"log/slog"
	"time"

	"github.com/ration-dev/ration/internal/admin"
)

const (
	// Interval is the time between two beats. An instance counts as lost after three.
	Interval = 10 * time.Second
	// farewell bounds how long a stop waits for the database to forget the instance.
	farewell = 2 * time.Second
)

// heart is one instance that beats.
type heart struct {
	fleet    admin.Fleet
	instance admin.ServingInstance
	log      *slog.Logger
	failing  bool // the last beat failed, and that was logged
}

// Run notes an instance until ctx ends, and then forgets it. Beats that fail are logged
// once, and disturb nothing else.
func Run(ctx context.Context, fleet admin.Fleet, instance admin.ServingInstance, log *slog.Logger) {
	h := &heart{fleet: fleet, instance: instance, log: log}
	beats := time.NewTicker(Interval)
	defer beats.Stop()
	for {
		h.beat(ctx)
		select {
		case <-ctx.Done():
			h.stop(ctx)
			return
		case <-beats.C:
		}
	}
}

// beat ends before the next one is due.
func (h *heart) beat(ctx context.Context) {
	beat, cancel := context.WithTimeout(ctx, Interval)
	defer cancel()
	err := h.fleet.NoteInstance(beat, h.instance)
	switch {
	case ctx.Err() != nil: // it is stopping
	case err != nil && !h.failing:
		h.failing = true
		h.log.WarnContext(ctx, "the database can't be told that this instance runs, so that it will be listed as lost; decisions don't depend on it", "error", err)
	case err == nil && h.failing:
		h.failing = false
		h.log.InfoContext(ctx, "the database knows again that this instance runs")
	}
}

func (h *heart) stop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	if err := h.fleet.ForgetInstance(ctx, h.instance.ID); err != nil && !h.failing {
		h.log.WarnContext(ctx, "the database can't be told that this instance stops, so that it will be listed as lost", "error", err)
	}
}

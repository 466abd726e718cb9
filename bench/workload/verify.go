package workload

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration/bench/contender"
	"github.com/ration-dev/ration/bench/report"
	"github.com/ration-dev/ration/bench/rig"
)

const keysAsked = 1_000

// Verify asks POST /v1/verify about random keys, over so many connections.
func Verify(connections int) Workload {
	return Workload{
		Part: "verify", Name: fmt.Sprintf("verify-%d", connections), Title: fmt.Sprintf("`/v1/verify`, %d connections", connections),
		Prepare: func(_ context.Context, r *rig.Rig) ([]Entry, func() error, error) {
			entries := rations(r, func(programs rig.Programs, store rig.Store) starting {
				return asking(r, connections, func(ctx context.Context) (*contender.Server, error) {
					return contender.Ration(ctx, r, programs.Ration, store, 1, keysAsked)
				})
			})
			for _, store := range r.Stores {
				entries = append(entries, Entry{Name: report.UpsertOn(string(store)), Start: asking(r, connections, func(ctx context.Context) (*contender.Server, error) {
					return contender.Upsert(ctx, r, store, keysAsked)
				})})
			}
			for _, other := range beside(r) {
				entries = append(entries, Entry{Name: other.name, Start: asking(r, connections, func(ctx context.Context) (*contender.Server, error) {
					return other.start(ctx, r, keysAsked)
				})})
			}
			return entries, nil, nil
		},
	}
}

type other struct {
	name  string
	start func(ctx context.Context, r *rig.Rig, keys int) (*contender.Server, error)
}

// beside are the servers that do not use a store of Ration's.
func beside(r *rig.Rig) []other {
	others := []other{{report.Redis, contender.Redis}, {report.Memory, contender.Memory}, {report.Nothing, contender.Nothing}}
	if r.EnvoyRateLimit != "" {
		others = append(others, other{report.EnvoyRateLimit, contender.EnvoyRateLimit})
	}
	return others
}

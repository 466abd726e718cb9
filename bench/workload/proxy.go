package workload

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration/bench/contender"
	"github.com/ration-dev/ration/bench/report"
	"github.com/ration-dev/ration/bench/rig"
)

// Proxy sends requests of random keys through a proxy, to an upstream that costs little,
// over so many connections.
func Proxy(connections int) Workload {
	return Workload{
		Part: "proxy", Name: fmt.Sprintf("proxy-%d", connections), Title: fmt.Sprintf("proxy, %d connections", connections),
		Prepare: func(ctx context.Context, r *rig.Rig) ([]Entry, func() error, error) {
			upstream, err := contender.StartUpstream(ctx, r)
			if err != nil {
				return nil, nil, err
			}
			entries := rations(r, func(programs rig.Programs, store rig.Store) starting {
				return asking(r, connections, func(ctx context.Context) (*contender.Server, error) {
					return contender.RationProxy(ctx, r, programs.Ration, store, keysAsked, upstream)
				})
			})
			return append(entries, Entry{Name: report.ReverseProxy, Start: asking(r, connections, func(ctx context.Context) (*contender.Server, error) {
				return contender.Proxy(ctx, r, keysAsked, upstream)
			})}), upstream.Stop, nil
		},
	}
}

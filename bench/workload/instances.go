package workload

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration/bench/contender"
	"github.com/ration-dev/ration/bench/report"
	"github.com/ration-dev/ration/bench/rig"
)

const (
	instances           = 3
	instanceConnections = 192 // in all, however many instances there are
)

// Instances asks several instances on one PostgreSQL about one key, beside one instance
// with as many connections.
func Instances() Workload {
	return Workload{
		Part: "instances", Name: "instances", Title: fmt.Sprintf("`/v1/verify` about one key, %d connections", instanceConnections),
		Prepare: func(_ context.Context, r *rig.Rig) (entries []Entry, _ func() error, _ error) {
			if !r.Uses(rig.PostgreSQL) {
				return nil, nil, nil
			}
			for _, setup := range []struct {
				name  string
				ours  bool
				count int
			}{{report.ThreeInstances, true, instances}, {report.OneInstance, false, 1}} {
				entries = append(entries, Entry{Name: setup.name, Ours: setup.ours, Start: asking(r, instanceConnections, func(ctx context.Context) (*contender.Server, error) {
					return contender.Ration(ctx, r, r.Ration, rig.PostgreSQL, setup.count, 1)
				})})
			}
			return entries, nil, nil
		},
	}
}

package contender

import (
	"context"
	"strconv"

	"github.com/ration-dev/ration/bench/count"
	"github.com/ration-dev/ration/bench/instance"
	"github.com/ration-dev/ration/bench/rig"
	"github.com/ration-dev/ration/bench/tally"
)

// Ration starts so many instances of a binary on one database with so many keys, to be
// asked at POST /v1/verify.
func Ration(ctx context.Context, r *rig.Rig, binary string, store rig.Store, instances, keys int) (*Server, error) {
	return startRation(ctx, r, binary, "verify", store, instances, keys, func(d *rig.Database, i *instance.Instance, s *Server) {
		s.URLs, s.Kinds, s.Says = append(s.URLs, "http://"+i.API), questions(d.Token), `"allowed":true`
	})
}

// RationProxy starts a binary in front of an upstream.
func RationProxy(ctx context.Context, r *rig.Rig, binary string, store rig.Store, keys int, upstream *Upstream) (*Server, error) {
	return startRation(ctx, r, binary, "proxy", store, 1, keys, func(_ *rig.Database, i *instance.Instance, s *Server) {
		s.URLs, s.Kinds, s.Says = []string{"http://" + i.Proxy}, requests(), upstreamSays
		s.counted = append(s.counted, upstream.counted)
	}, "--upstream", upstream.URL)
}

func startRation(ctx context.Context, r *rig.Rig, binary, purpose string, store rig.Store, instances, keys int, listens func(*rig.Database, *instance.Instance, *Server), args ...string) (*Server, error) {
	database, err := r.Database(ctx, binary, purpose, store, keys)
	if err != nil {
		return nil, err
	}
	s := &Server{Secrets: database.Secrets, counted: []counter{rationCounts(database.URL, keys)}}
	for range instances {
		started, err := instance.Serve(ctx, binary, database.URL, args...)
		if err != nil {
			_ = s.Stop()
			return nil, err
		}
		s.processes = append(s.processes, process{started.PID(), func() error {
			started.Stop()
			return nil
		}})
		listens(database, started, s)
	}
	return s, nil
}

// rationCounts reads what a database of Ration holds.
func rationCounts(database string, keys int) counter {
	return func(ctx context.Context) (tally.Count, error) {
		used, err := count.Ration{Database: database}.Used(ctx)
		return byKey(used, keys, strconv.Itoa), err
	}
}

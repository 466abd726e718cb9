package contender

import (
	"context"

	"github.com/ration-dev/ration/bench/helper"
	"github.com/ration-dev/ration/bench/rig"
)

// upstreamSays is in every answer of the upstream.
const upstreamSays = `{"items":[`

// Upstream is an API for proxies to stand in front of. It counts the requests that reach
// it.
type Upstream struct {
	URL     string
	counted counter
	started *helper.Process
}

// StartUpstream starts one.
func StartUpstream(ctx context.Context, r *rig.Rig) (*Upstream, error) {
	started, err := helper.Start(ctx, r.Contender, "", "upstream")
	if err != nil {
		return nil, err
	}
	return &Upstream{"http://" + started.Address, countOf(started), started}, nil
}

// Stop ends the process.
func (u *Upstream) Stop() error { return u.started.Stop() }

// Straight is the upstream without a proxy.
func Straight(r *rig.Rig, keys int, upstream *Upstream) *Server {
	return &Server{URLs: []string{upstream.URL}, Kinds: requests(), Secrets: r.Secrets(keys), Says: upstreamSays, counted: []counter{upstream.counted}}
}

// Proxy starts a bare reverse proxy.
func Proxy(ctx context.Context, r *rig.Rig, keys int, upstream *Upstream) (*Server, error) {
	started, err := helper.Start(ctx, r.Contender, "", "proxy", upstream.URL)
	if err != nil {
		return nil, err
	}
	s := Straight(r, keys, upstream)
	s.URLs, s.processes = []string{"http://" + started.Address}, []process{{started.PID(), started.Stop}}
	return s, nil
}

package workload

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/ration-dev/ration/bench/contender"
	"github.com/ration-dev/ration/bench/load"
	"github.com/ration-dev/ration/bench/report"
	"github.com/ration-dev/ration/bench/rig"
)

const asProxy = ", as a proxy"

// Latency sends requests of random keys at a constant rate, whether those before are
// answered or not, and tells how long each took from when it was due.
func Latency(rate int) Workload {
	return Workload{
		Part: "latency", Paced: true, Name: fmt.Sprintf("latency-%d", rate), Title: fmt.Sprintf("latency at %s requests a second", thousands(rate)),
		Prepare: func(ctx context.Context, r *rig.Rig) ([]Entry, func() error, error) {
			upstream, err := contender.StartUpstream(ctx, r)
			if err != nil {
				return nil, nil, err
			}
			entries := rations(r, func(programs rig.Programs, store rig.Store) starting {
				return paced(rate, func(ctx context.Context) (*contender.Server, error) {
					return contender.Ration(ctx, r, programs.Ration, store, 1, keysAsked)
				})
			})
			proxies := rations(r, func(programs rig.Programs, store rig.Store) starting {
				return paced(rate, func(ctx context.Context) (*contender.Server, error) {
					return contender.RationProxy(ctx, r, programs.Ration, store, keysAsked, upstream)
				})
			})
			for i := range proxies {
				proxies[i].Name += asProxy
				if proxies[i].Older != "" {
					proxies[i].Older += asProxy
				}
			}
			entries = append(entries, proxies...)
			for _, store := range r.Stores {
				entries = append(entries, Entry{Name: report.UpsertOn(string(store)), Start: paced(rate, func(ctx context.Context) (*contender.Server, error) {
					return contender.Upsert(ctx, r, store, keysAsked)
				})})
			}
			return append(entries,
				Entry{Name: report.Redis, Start: paced(rate, func(ctx context.Context) (*contender.Server, error) { return contender.Redis(ctx, r, keysAsked) })},
				Entry{Name: report.Nothing, Start: paced(rate, func(ctx context.Context) (*contender.Server, error) { return contender.Nothing(ctx, r, keysAsked) })},
				Entry{Name: report.ReverseProxy, Start: paced(rate, func(ctx context.Context) (*contender.Server, error) {
					return contender.Proxy(ctx, r, keysAsked, upstream)
				})},
				Entry{Name: report.NoProxy, Start: paced(rate, func(context.Context) (*contender.Server, error) {
					return contender.Straight(r, keysAsked, upstream), nil
				})},
			), upstream.Stop, nil
		},
	}
}

// pacedServer is a server that is asked at a constant rate.
type pacedServer struct {
	*contender.Server
	rate int
}

func paced(rate int, start func(ctx context.Context) (*contender.Server, error)) starting {
	return func(ctx context.Context) (Subject, error) {
		server, err := start(ctx)
		if err != nil {
			return nil, err
		}
		return &pacedServer{server, rate}, nil
	}
}

// Measure implements [Subject].
func (p *pacedServer) Measure(ctx context.Context, warmUp, length time.Duration) (report.Sample, error) {
	before, err := p.Counted(ctx)
	if err != nil {
		return report.Sample{}, err
	}
	warm, err := p.ask(ctx, warmUp)
	if err != nil {
		return report.Sample{}, fmt.Errorf("warming up: %w", err)
	}
	result, err := p.ask(ctx, length)
	if err != nil {
		return report.Sample{}, err
	}
	after, err := p.Counted(ctx)
	if err != nil {
		return report.Sample{}, err
	}
	result.Answered += warm.Answered
	for key, units := range warm.Units {
		result.Units[key] += units
	}
	return awaited(result, true, before, after)
}

func (p *pacedServer) ask(ctx context.Context, length time.Duration) (load.Result, error) {
	return load.AtRate(ctx, p.rate, len(p.Secrets), length, p.Says, func() load.Call {
		key, kind := rand.IntN(len(p.Secrets)), p.Kinds[rand.IntN(len(p.Kinds))] //nolint:gosec // a workload is no secret
		target := vegeta.Target{Method: kind.Method, URL: p.URLs[0] + kind.Path, Header: make(http.Header)}
		for name, value := range kind.Headers {
			target.Header.Set(name, strings.ReplaceAll(value, "SECRET", p.Secrets[key]))
		}
		if kind.Body != "" {
			target.Body = []byte(strings.ReplaceAll(kind.Body, "SECRET", p.Secrets[key]))
		}
		return load.Call{Target: target, Key: key, Units: kind.Units}
	})
}

package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/ration-dev/ration/bench/compare"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/verify"
)

const (
	connections = 256
	rounds      = 3 // taken in turn, so that a noisy neighbour disturbs both
)

// http compares /v1/verify with a handler that does nothing, both in this
// process and called over as many connections.
func (b *bench) http(ctx context.Context) error {
	workload := compare.Workload{Name: fmt.Sprintf("HTTP, %d connections", connections), Callers: connections, Keys: 1000, Zipf: 1.1}
	return b.withRation(ctx, workload.Keys, func(r *compare.Ration) error {
		token, tokens, err := r.Token(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = tokens.Close(ctx) }()
		header := http.Header{"Authorization": {"Bearer " + token.Reveal()}}
		handler := verify.NewHandler(verify.Config{Charger: r.Engine, Callers: bearer.New(tokens)})
		var verified compare.Result
		var ratios []float64
		fmt.Println()
		for range rounds {
			nothing, err := b.overHTTP(ctx, workload, compare.Nothing, header, r)
			if err != nil {
				return err
			}
			round, err := b.overHTTP(ctx, workload, handler, header, r)
			if err != nil {
				return err
			}
			ratios = append(ratios, ratio(round, nothing))
			row(workload.Name, "a handler that does nothing", nothing, 0)
			row(workload.Name, "/v1/verify", round, ratio(round, nothing))
			verified.Add(round)
		}
		slices.Sort(ratios)
		fmt.Printf("median ratio %.2f\n", ratios[len(ratios)/2])
		return compare.Check(ctx, verified, r)
	})
}

func (b *bench) overHTTP(ctx context.Context, w compare.Workload, handler http.Handler, header http.Header, r *compare.Ration) (compare.Result, error) {
	addr, stop, err := compare.Serve(handler)
	if err != nil {
		return compare.Result{}, err
	}
	defer stop()
	client, err := compare.NewHTTP(ctx, addr, verify.Path, header, r.VerifyBodies(), w.Callers, `"allowed":true`)
	if err != nil {
		return compare.Result{}, err
	}
	defer client.Close()
	return compare.Measure(ctx, w, b.length, client.Count)
}

// Command contender is what Ration is measured beside, as a process of its own:
//
//	contender serve WAY            an HTTP API that counts requests (see package count)
//	contender nothing              an HTTP API that reads a request and says "allowed"
//	contender upstream             an API for a proxy to stand in front of
//	contender proxy URL            a bare reverse proxy in front of it
//	contender loop WAY FILE N ZIPF N callers in this process, who count for the keys in a file
//
// Package helper says how it is spoken with.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"

	"github.com/ration-dev/ration/bench/count"
	"github.com/ration-dev/ration/bench/helper"
)

// gcPercent is what "ration serve" sets, so all have it.
const gcPercent = 200

func main() {
	debug.SetGCPercent(gcPercent)
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "contender %v: %v\n", os.Args[1:], err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	args = append(args, "", "", "", "", "")
	switch args[0] {
	case "serve":
		return serveCounter(ctx, args[1])
	case "nothing":
		return serve(nothing{new(requests)})
	case "upstream":
		return serve(upstream{new(requests)})
	case "proxy":
		return serveProxy(args[1])
	case "loop":
		callers, err := strconv.Atoi(args[3])
		if err != nil {
			return fmt.Errorf("reading the number of callers: %w", err)
		}
		zipf, err := strconv.ParseFloat(args[4], 64)
		if err != nil {
			return fmt.Errorf("reading the exponent of Zipf's law: %w", err)
		}
		return loop(ctx, args[1], args[2], callers, zipf)
	}
	return fmt.Errorf("unknown: use serve, nothing, upstream, proxy or loop")
}

// counting is a handler that knows how many requests it has answered.
type counting interface {
	http.Handler
	counted(ctx context.Context) (helper.Counted, error)
}

func serveCounter(ctx context.Context, way string) error {
	counter, err := count.Open(ctx, way, os.Getenv(helper.DatabaseVariable))
	if err != nil {
		return err
	}
	defer func() { _ = counter.Close(ctx) }()
	return serve(counts{counter})
}

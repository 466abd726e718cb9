// Command ways measures how many decisions a second each way in makes that a gateway
// asks: /v1/verify, /v1/forward-auth, and over gRPC external authorization and the rate
// limit service, beside endpoints of the same kind that do nothing. Ration and the load
// (h2load, of Debian's nghttp2-client) run as processes of their own, on SQLite and on
// PostgreSQL (fsync on), all on this machine. The ways take turns, so that a noisy
// neighbour disturbs all.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ration-dev/ration/internal/testdb"
)

// load is how a way is asked.
type load struct {
	connections int           // calls under way at once, spread over the keys
	keys        int           // each has a process of the load
	length      time.Duration // of one measurement
}

func main() {
	var of load
	flag.IntVar(&of.connections, "connections", 64, "calls under way at once")
	flag.IntVar(&of.keys, "keys", 8, "keys that are asked about, each by a process of its own")
	flag.DurationVar(&of.length, "time", 5*time.Second, "length of each measurement")
	rounds := flag.Int("rounds", 5, "measurements of each way; the median counts")
	databases := flag.String("databases", "SQLite,PostgreSQL", "which databases, with commas")
	binary := flag.String("ration", "bin/ration", "the binary that is measured")
	flag.Parse()
	if err := run(*binary, strings.Split(*databases, ","), *rounds, of); err != nil {
		fmt.Fprintln(os.Stderr, "ways:", err)
		os.Exit(1)
	}
}

func run(binary string, databases []string, rounds int, of load) error {
	ctx, stopSignals := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stopSignals()
	dir, err := os.MkdirTemp("", "ways")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	nothing, err := serveNothing(ctx)
	if err != nil {
		return err
	}
	defer nothing.stop()
	for _, name := range databases {
		if err := on(ctx, name, dir, func(url string) error { return compare(ctx, binary, name, url, nothing, rounds, of, dir) }); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// on calls do with a new database.
func on(ctx context.Context, name, dir string, do func(url string) error) error {
	if name != "PostgreSQL" {
		return do("sqlite:" + filepath.Join(dir, "ration.db"))
	}
	cluster, err := testdb.NewCluster(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = cluster.Close() }()
	return do(cluster.DSN())
}

// compare prints a row for each way on a database.
func compare(ctx context.Context, binary, name, url string, nothing *nothing, rounds int, of load, dir string) error {
	s, err := start(ctx, binary, url, of.keys)
	if err != nil {
		return err
	}
	defer s.Stop()
	ways, err := s.ways(nothing, dir)
	if err != nil {
		return err
	}
	rates := make([][]float64, len(ways))
	for range rounds {
		for i, w := range ways {
			rate, err := s.measure(ctx, w, of)
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			rates[i] = append(rates[i], rate)
		}
	}
	fmt.Printf("## %s: %d calls at once, %d keys, medians of %d turns of %s\n\n| way in | calls/s | decisions/s | of /v1/verify's decisions |\n|---|---|---|---|\n", name, of.connections, of.keys, rounds, of.length)
	verify := median(rates[0])
	for i, w := range ways {
		calls := median(rates[i])
		decisions := calls * float64(max(1, w.charges)) // what does nothing is compared call by call
		fmt.Printf("| %s | %.0f | %.0f | %.2f |\n", w.name, calls, calls*float64(w.charges), decisions/verify)
	}
	fmt.Println()
	return nil
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

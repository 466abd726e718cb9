// Command bench measures Ration's engine on PostgreSQL (fsync on) beside one
// guarded upsert per request, and /v1/verify beside an HTTP handler that does
// nothing. Quote its ratios, not its absolute figures.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/ration-dev/ration/bench/compare"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

var workloads = []compare.Workload{
	{Name: "one hot key, 64 callers", Callers: 64, Keys: 1},
	{Name: "one hot key, 512 callers", Callers: 512, Keys: 1},
	{Name: "1,000 keys Zipf 1.1, 64 callers", Callers: 64, Keys: 1000, Zipf: 1.1},
	{Name: "1,000 keys Zipf 1.1, 512 callers", Callers: 512, Keys: 1000, Zipf: 1.1},
}

// upsertConnections are the pools tried for the upsert; its best counts.
var upsertConnections = []int{8, 32, 64}

func main() {
	length := flag.Duration("time", 4*time.Second, "length of each measurement, after a warm-up of a quarter of it")
	only := flag.String("only", "", "run one part: engine, http or fairness")
	match := flag.String("workload", "", "measure only the workloads whose names contain this")
	way := flag.String("way", "", "measure only one side, without a ratio: upsert or ration")
	lanes := flag.Int("lanes", 0, "transactions at once; 0: the default of the store")
	profile := flag.String("cpuprofile", "", "write a profile of this process, which is callers and engine together")
	flag.Parse()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400) // as "ration serve" does; both sides have it
	}
	b := &bench{length: *length, match: *match, way: *way, lanes: *lanes}
	if err := run(b, *only, *profile); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(b *bench, only, profile string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	cluster, err := testdb.NewCluster(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = cluster.Close() }()
	if _, _, err := postgres.Migrate(ctx, postgres.Config{URL: cluster.DSN()}); err != nil {
		return err
	}
	b.url = cluster.DSN()
	if profile != "" {
		file, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{{"engine", b.engine}, {"fairness", b.fairness}, {"http", b.http}} {
		if only != "" && only != part.name {
			continue
		}
		if err := part.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

type bench struct {
	url        string
	length     time.Duration
	match, way string
	lanes      int
}

// engine compares, workload by workload, so that both sides of a ratio are
// measured within seconds of each other.
func (b *bench) engine(ctx context.Context) error {
	fmt.Printf("%-34s %-22s %12s %10s %10s %8s\n", "workload", "way", "requests/s", "p50", "p99", "ratio")
	for _, w := range workloads {
		if !strings.Contains(w.Name, b.match) {
			continue
		}
		best := compare.Result{}
		for _, connections := range upsertConnections {
			if b.way == "ration" {
				break
			}
			result, err := b.upsert(ctx, w, connections)
			if err != nil {
				return err
			}
			row(w.Name, fmt.Sprintf("upsert, %d conns", connections), result, 0)
			if result.PerSecond > best.PerSecond {
				best = result
			}
		}
		if b.way == "upsert" {
			continue
		}
		result, err := b.ration(ctx, w)
		if err != nil {
			return err
		}
		row(w.Name, "ration", result, ratio(result, best))
	}
	return nil
}

func (b *bench) upsert(ctx context.Context, w compare.Workload, connections int) (compare.Result, error) {
	upsert, err := compare.NewUpsert(ctx, b.url, connections)
	if err != nil {
		return compare.Result{}, err
	}
	defer upsert.Close()
	result, err := compare.Measure(ctx, w, b.length, upsert.Count)
	if err != nil {
		return compare.Result{}, err
	}
	return result, compare.Check(ctx, result, upsert)
}

func (b *bench) ration(ctx context.Context, w compare.Workload) (compare.Result, error) {
	var result compare.Result
	err := b.withRation(ctx, w.Keys, func(r *compare.Ration) (err error) {
		if result, err = compare.Measure(ctx, w, b.length, r.Count); err != nil {
			return err
		}
		return compare.Check(ctx, result, r)
	})
	return result, err
}

func (b *bench) fairness(ctx context.Context) error {
	const others = 100
	return b.withRation(ctx, others+1, func(r *compare.Ration) error {
		f, err := compare.MeasureFairness(ctx, 512, others, 2*b.length, r.Count)
		if err != nil {
			return err
		}
		fmt.Printf("\n%d keys with one call a second each, beside one key with 512 callers at %.0f/s:\n", others, f.HotPerSecond)
		fmt.Printf("%d calls, p50 %s, p99 %s, longest %s\n", f.Calls, round(f.P50), round(f.P99), round(f.Longest))
		return nil
	})
}

func (b *bench) withRation(ctx context.Context, keys int, use func(*compare.Ration) error) error {
	store, err := postgres.Open(ctx, postgres.Config{URL: b.url, Lanes: b.lanes})
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	r, err := compare.NewRation(ctx, store, keys)
	if err != nil {
		return err
	}
	err = use(r)
	if closeErr := r.Close(ctx); err == nil {
		err = closeErr
	}
	return err
}

func ratio(a, b compare.Result) float64 {
	if b.PerSecond == 0 {
		return 0
	}
	return a.PerSecond / b.PerSecond
}

func row(workload, way string, r compare.Result, ratio float64) {
	text := ""
	if ratio > 0 {
		text = fmt.Sprintf("%.2f×", ratio)
	}
	fmt.Printf("%-34s %-22s %12.0f %10s %10s %8s   (%d keys seen, %d admitted, %d denied)\n",
		workload, way, r.PerSecond, round(r.P50), round(r.P99), text, r.DistinctKeys, r.Admitted, r.Denied)
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }

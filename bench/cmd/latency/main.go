// Command latency measures how much time Ration adds to a call: it sends calls
// at a constant rate to an API that does nothing, straight, through Ration's
// proxy, and to POST /v1/verify, and prints p50 and p99 of each. Ration runs as a
// process of its own, on SQLite and on PostgreSQL (fsync on), all on this machine.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/ration-dev/ration/bench/compare"
	"github.com/ration-dev/ration/internal/testdb"
)

// answer is the API's.
const answer = "{}"

func main() {
	length := flag.Duration("time", 20*time.Second, "length of each measurement, after a tenth of it that isn't measured")
	rates := flag.String("rates", "1,10,100,1000", "calls a second, one measurement for each")
	binary := flag.String("ration", "bin/ration", "the binary that is measured")
	flag.Parse()
	if err := run(*binary, *rates, *length); err != nil {
		fmt.Fprintln(os.Stderr, "latency:", err)
		os.Exit(1)
	}
}

func run(binary, rates string, length time.Duration) error {
	ctx, stopSignals := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stopSignals()
	upstream, stop, err := compare.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, answer)
	}))
	if err != nil {
		return err
	}
	defer stop()
	dir, err := os.MkdirTemp("", "latency")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cluster, err := testdb.NewCluster(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = cluster.Close() }()

	var servers []*server
	defer func() {
		for _, s := range servers {
			s.Stop()
		}
	}()
	for _, database := range []database{{"SQLite", "sqlite:" + filepath.Join(dir, "ration.db")}, {"PostgreSQL", cluster.DSN()}} {
		s, err := start(ctx, binary, database, "http://"+upstream)
		if err != nil {
			return fmt.Errorf("starting on %s: %w", database.name, err)
		}
		servers = append(servers, s)
	}
	return measureAll(ctx, upstream, servers, rates, length)
}

// measureAll prints a row per rate and way; the ways take turns, so that a noisy
// neighbour disturbs all.
func measureAll(ctx context.Context, upstream string, servers []*server, rates string, length time.Duration) error {
	fmt.Println("| calls/s | way | calls | p50 ms | p99 ms |\n|---|---|---|---|---|")
	for text := range strings.SplitSeq(rates, ",") {
		rate, err := strconv.Atoi(text)
		if err != nil || rate < 1 {
			return fmt.Errorf("rate %q: give a whole number from 1", text)
		}
		ways := []way{{"straight", vegeta.Target{Method: http.MethodGet, URL: "http://" + upstream + "/"}, answer}}
		for _, s := range servers {
			ways = append(ways, s.ways()...)
		}
		for _, w := range ways {
			if err := w.measure(ctx, rate, length); err != nil {
				return fmt.Errorf("%s at %d/s: %w", w.name, rate, err)
			}
		}
	}
	return nil
}

// way is a call that is measured.
type way struct {
	name     string
	target   vegeta.Target
	admitted string // what an admitted call's answer contains
}

func (w way) measure(ctx context.Context, rate int, length time.Duration) error {
	if _, err := w.attack(ctx, rate, length/10); err != nil {
		return err
	}
	metrics, err := w.attack(ctx, rate, length)
	if err != nil {
		return err
	}
	fmt.Printf("| %d | %s | %d | %.2f | %.2f |\n", rate, w.name, metrics.Requests, milliseconds(metrics.Latencies.P50), milliseconds(metrics.Latencies.P99))
	return nil
}

// attack fails unless every call succeeds: a refusal would be quicker than an
// admission.
func (w way) attack(ctx context.Context, rate int, length time.Duration) (*vegeta.Metrics, error) {
	attacker := vegeta.NewAttacker(vegeta.KeepAlive(true), vegeta.Timeout(10*time.Second))
	release := context.AfterFunc(ctx, func() { attacker.Stop() })
	defer release()
	var metrics vegeta.Metrics
	others := 0
	pacer := vegeta.ConstantPacer{Freq: rate, Per: time.Second}
	for result := range attacker.Attack(vegeta.NewStaticTargeter(w.target), pacer, length, w.name) {
		metrics.Add(result)
		if !bytes.Contains(result.Body, []byte(w.admitted)) {
			others++
		}
	}
	metrics.Close()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if metrics.Success != 1 || others > 0 {
		return nil, fmt.Errorf("%d of %d calls were not admitted: %s", others, metrics.Requests, strings.Join(metrics.Errors, "; "))
	}
	return &metrics, nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

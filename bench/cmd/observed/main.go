// Command observed measures what metrics and traces cost: POST /v1/verify over many
// connections, by turns on servers that differ in nothing else, each a process of its own
// on SQLite. Of each round it compares with the server without both. Quote its ratios,
// not its absolute figures.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ration-dev/ration/bench/instance"
	"github.com/ration-dev/ration/bench/load"
)

const (
	connections = 256
	keys        = 100
	scrapeEvery = 5 * time.Second
)

// setups are what is compared with the first.
var setups = []setup{
	{name: "neither", args: []string{"--metrics-listen", "off"}},
	{name: "metrics", scraped: true},
	{name: "metrics and traces", scraped: true, traced: true},
	{name: "metrics, and all traces", scraped: true, traced: true, variables: map[string]string{"OTEL_TRACES_SAMPLER": "parentbased_always_on"}},
}

// setup is a way to start a server.
type setup struct {
	name            string
	args            []string
	variables       map[string]string
	scraped, traced bool

	server                *instance.Instance
	token                 string
	bodies                [][]byte  // of the requests, one per key
	throughput, processor []float64 // as parts of those of the first
}

func main() {
	length := flag.Duration("time", 5*time.Second, "length of each measurement, after a warm-up of a quarter of it")
	rounds := flag.Int("rounds", 9, "how often each is measured, by turns")
	binary := flag.String("ration", "bin/ration", "the binary that is measured")
	flag.Parse()
	if err := run(*binary, *length, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "observed:", err)
		os.Exit(1)
	}
}

func run(binary string, length time.Duration, rounds int) error {
	ctx, stopSignals := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stopSignals()
	dir, err := os.MkdirTemp(".", ".observed") // where the disk is, and not memory
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var got atomic.Int64 // bytes of spans
	collector, stop, err := load.Serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		got.Add(n)
	}))
	if err != nil {
		return err
	}
	defer stop()
	template := filepath.Join(dir, "template.db")
	secrets, token, err := prepare(ctx, binary, "sqlite:"+template)
	if err != nil {
		return err
	}
	defer func() {
		for i := range setups {
			setups[i].stop()
		}
	}()
	for i := range setups {
		path := filepath.Join(dir, fmt.Sprintf("%d.db", i))
		if err := copyFile(template, path); err != nil {
			return err
		}
		if err := setups[i].start(ctx, binary, "sqlite:"+path, "http://"+collector, secrets, token); err != nil {
			return fmt.Errorf("%s: %w", setups[i].name, err)
		}
	}
	for round := range rounds {
		perSecond, spent := make([]float64, len(setups)), make([]time.Duration, len(setups))
		for i := range setups {
			which := (i + round) % len(setups) // no setup is always the first, or after the same one
			if perSecond[which], spent[which], err = setups[which].measure(ctx, length); err != nil {
				return fmt.Errorf("%s: %w", setups[which].name, err)
			}
		}
		for i := range setups {
			setups[i].throughput = append(setups[i].throughput, perSecond[i]/perSecond[0])
			setups[i].processor = append(setups[i].processor, float64(spent[i])/float64(spent[0]))
			fmt.Printf("round %d  %-36s %8.0f/s  %.3f  %s of a processor for each  %.3f\n", round+1, setups[i].name,
				perSecond[i], perSecond[i]/perSecond[0], spent[i].Round(100*time.Nanosecond), float64(spent[i])/float64(spent[0]))
		}
	}
	for i := range setups {
		fmt.Printf("median  %-36s throughput %s, processor time for each request %s\n", setups[i].name, median(setups[i].throughput), median(setups[i].processor))
	}
	if got.Load() == 0 {
		return fmt.Errorf("no spans were sent, so nothing was compared")
	}
	fmt.Printf("%d bytes of spans were sent\n", got.Load())
	return nil
}

// prepare makes keys, and a token to ask about them.
func prepare(ctx context.Context, binary, database string) (secrets []string, token string, err error) {
	if _, err = instance.Command(ctx, binary, database, "plans", "create", "bench", "--limit", "1000000000/day", "--limit", "1000000/second"); err != nil {
		return nil, "", err
	}
	for i := range keys {
		secret, err := instance.Command(ctx, binary, database, "keys", "create", fmt.Sprintf("bench-%d", i), "--plan", "bench", "--quiet")
		if err != nil {
			return nil, "", err
		}
		secrets = append(secrets, secret)
	}
	token, err = instance.Command(ctx, binary, database, "tokens", "create", "bench", "--scope", "verify", "--quiet")
	return secrets, token, err
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o600)
}

func (s *setup) start(ctx context.Context, binary, database, collector string, secrets []string, token string) (err error) {
	variables := map[string]string{}
	for name, value := range s.variables {
		variables[name] = value
	}
	if s.traced {
		variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector
	}
	for name, value := range variables { // the server gets those of this process
		if err := os.Setenv(name, value); err != nil {
			return err
		}
		defer func() { _ = os.Unsetenv(name) }() //nolint:revive,gocritic // after the server has started
	}
	if s.server, err = instance.Serve(ctx, binary, database, s.args...); err != nil {
		return err
	}
	s.token, s.bodies = token, make([][]byte, len(secrets))
	for i, secret := range secrets {
		if s.bodies[i], err = json.Marshal(map[string]string{"secret": secret}); err != nil {
			return err
		}
	}
	return nil
}

func (s *setup) stop() {
	if s.server != nil {
		s.server.Stop()
	}
}

// median shows the median of ratios, with the least and the greatest.
func median(ratios []float64) string {
	slices.Sort(ratios)
	return fmt.Sprintf("%.3f (%.3f to %.3f)", ratios[len(ratios)/2], ratios[0], ratios[len(ratios)-1])
}

// measure returns how many requests a second were admitted, and how long the server kept
// a processor busy for each: on a machine with other work that varies less.
func (s *setup) measure(ctx context.Context, length time.Duration) (float64, time.Duration, error) {
	scraping, stop := context.WithCancel(ctx)
	defer stop()
	if s.scraped {
		go s.scrape(scraping)
	}
	client, err := load.NewHTTP(ctx, s.server.API, "/v1/verify", http.Header{"Authorization": {"Bearer " + s.token}}, s.bodies, connections, `"allowed":true`)
	if err != nil {
		return 0, 0, err
	}
	defer client.Close()
	before, err := s.server.Processor()
	if err != nil {
		return 0, 0, err
	}
	var calls atomic.Int64 // with those of the warm-up
	result, err := load.Measure(ctx, load.Workload{Name: s.name, Callers: connections, Keys: keys, Zipf: 1.1}, length/4, length, func(ctx context.Context, key int) (bool, error) {
		calls.Add(1)
		return client.Count(ctx, key)
	})
	if err == nil && result.Denied > 0 {
		err = fmt.Errorf("%d requests were denied", result.Denied)
	}
	if err != nil {
		return 0, 0, err
	}
	after, err := s.server.Processor()
	return result.PerSecond, (after - before) / time.Duration(calls.Load()), err
}

// scrape does what Prometheus does, more often.
func (s *setup) scrape(ctx context.Context) {
	for ctx.Err() == nil {
		if request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.server.API+"/metrics", http.NoBody); err == nil {
			if response, err := http.DefaultClient.Do(request); err == nil {
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(scrapeEvery):
		}
	}
}

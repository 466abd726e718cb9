package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// way is a call that is measured, once for each key.
type way struct {
	name    string
	charges int64      // requests of its key that each call is charged
	grpc    bool       // many calls over one connection
	calls   [][]string // the arguments of h2load that make it, by key
}

var (
	finished = regexp.MustCompile(`finished in [0-9.]+m?s, ([0-9.]+) req/s`)
	statuses = regexp.MustCompile(`status codes: ([0-9]+) 2xx, ([0-9]+) 3xx, ([0-9]+) 4xx, ([0-9]+) 5xx`)
)

// measure returns the calls per second of a way. It fails unless all of them were
// admitted and recorded: a refusal would be quicker than an admission.
func (s *server) measure(ctx context.Context, w way, of load) (float64, error) {
	before, err := s.used(ctx)
	if err != nil {
		return 0, err
	}
	rates, answered, errs := make([]float64, of.keys), make([]int64, of.keys), make([]error, of.keys)
	var processes sync.WaitGroup
	for i := range of.keys {
		processes.Go(func() { rates[i], answered[i], errs[i] = ask(ctx, w, i, of) })
	}
	processes.Wait()
	total, calls := 0.0, int64(0)
	for i := range of.keys {
		if errs[i] != nil {
			return 0, errs[i]
		}
		total, calls = total+rates[i], calls+answered[i]
	}
	after, err := s.used(ctx)
	if err != nil {
		return 0, err
	}
	recorded := after - before
	if charged := w.charges * calls; recorded < charged || recorded > charged+w.charges*int64(of.connections) { // those under way at the end had no answer
		return 0, fmt.Errorf("%d calls were answered and %d requests recorded", calls, recorded)
	}
	return total, nil
}

// ask runs one process of the load.
func ask(ctx context.Context, w way, key int, of load) (rate float64, answered int64, err error) {
	share := strconv.Itoa(max(1, of.connections/of.keys))
	arguments := []string{"--duration=" + strconv.Itoa(int(of.length.Seconds())), "--threads=1"}
	if w.grpc {
		arguments = append(arguments, "--clients=1", "--max-concurrent-streams="+share)
	} else {
		arguments = append(arguments, "--h1", "--clients="+share)
	}
	command := exec.CommandContext(ctx, "h2load", append(arguments, w.calls[key]...)...)
	output, err := command.CombinedOutput()
	text := string(output)
	rates, codes := finished.FindStringSubmatch(text), statuses.FindStringSubmatch(text)
	if err != nil || rates == nil || codes == nil || strings.Join(codes[2:], "") != "000" {
		return 0, 0, fmt.Errorf("h2load: %w\n%s", err, text)
	}
	if rate, err = strconv.ParseFloat(rates[1], 64); err != nil {
		return 0, 0, err
	}
	answered, err = strconv.ParseInt(codes[1], 10, 64)
	return rate, answered, err
}

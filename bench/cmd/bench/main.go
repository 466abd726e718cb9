// Command bench measures what users of Ration get, beside other ways to count, all as
// processes of their own. README.md of this module says how to read what it prints.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/ration-dev/ration/bench/rig"
	"github.com/ration-dev/ration/bench/workload"
)

// options are what the command line says.
type options struct {
	rig     rig.Config
	only    []string
	rounds  int
	seconds int
	sizes   workload.Sizes
	results string // directory
	readme  string // that shows the newest result
	write   bool   // the result
	verbose bool
}

func main() {
	o, err := parse(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err = run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(args []string) (*options, error) {
	o := new(options)
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	flags.StringVar(&o.rig.Ration, "ration", "bin/ration", "the binary that is measured")
	flags.StringVar(&o.rig.Baseline.Ration, "baseline", "", "an older binary, measured by turns with it")
	flags.StringVar(&o.rig.Baseline.Contender, "baseline-contender", "", "bench/cmd/contender of the same older commit, for the engine")
	flags.StringVar(&o.rig.EnvoyRateLimit, "envoy-ratelimit", "", "the binary of Envoy's rate limit service, measured at verify; empty: it is not")
	flags.StringVar(&o.rig.Dir, "dir", os.TempDir(), "where databases are written: a directory on a disk")
	only := flags.String("only", "", "parts to run, with commas; empty: all")
	keys := flags.String("keys", "20000,100000", "numbers of keys that the engine is measured with, besides 1 and 1,000")
	rates := flags.String("rates", "100,1000", "requests a second at which latency is measured")
	store := flags.String("store", "sqlite,postgres", "the stores, with commas")
	flags.IntVar(&o.rounds, "rounds", 3, "measurements of each contender; the median counts")
	flags.IntVar(&o.seconds, "seconds", 4, "length of each measurement, after a warm-up of a quarter of it")
	flags.StringVar(&o.results, "results", "bench/results", "where results are; the newest one's ratios are shown beside those of this run")
	flags.StringVar(&o.readme, "readme", "README.md", "the file that shows the result, and finds it by the path that -results has; empty: none")
	flags.BoolVar(&o.write, "write", false, "write the result though it is not of a whole run")
	flags.BoolVar(&o.verbose, "v", false, "print each measurement")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unknown argument %q: all are flags", flags.Arg(0))
	}
	if err := o.choose(*only, *store, *keys, *rates); err != nil {
		return nil, err
	}
	o.write = o.write || len(o.only) == len(workload.Parts) && len(o.rig.Stores) == len(stores)
	if o.rounds < 1 || o.seconds < 1 {
		return nil, fmt.Errorf("%d rounds of %d seconds: both must be at least 1", o.rounds, o.seconds)
	}
	program, err := os.Executable()
	o.rig.Contender = filepath.Join(filepath.Dir(program), "contender")
	return o, err
}

// stores are the stores by their names on the command line.
var stores = map[string]rig.Store{"sqlite": rig.SQLite, "postgres": rig.PostgreSQL}

// choose reads lists with commas.
func (o *options) choose(only, chosen, keys, rates string) (err error) {
	for name := range strings.SplitSeq(chosen, ",") {
		store, known := stores[name]
		if !known {
			return fmt.Errorf("unknown store %q: use sqlite, postgres, or both with a comma", name)
		}
		if o.rig.Uses(store) {
			return fmt.Errorf("the store %q is named twice", name)
		}
		o.rig.Stores = append(o.rig.Stores, store)
	}
	o.only = workload.Parts
	if only != "" {
		o.only = strings.Split(only, ",")
	}
	for _, part := range o.only {
		if !slices.Contains(workload.Parts, part) {
			return fmt.Errorf("unknown part %q: use %s", part, strings.Join(workload.Parts, ", "))
		}
	}
	if o.sizes.Keys, err = numbers(keys); err != nil {
		return err
	}
	o.sizes.Rates, err = numbers(rates)
	return err
}

// numbers reads whole numbers with commas between them.
func numbers(text string) (all []int, err error) {
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q: give whole numbers from 1, with commas", text)
		}
		all = append(all, n)
	}
	return all, nil
}

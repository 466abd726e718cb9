package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ration-dev/ration/bench/machine"
	"github.com/ration-dev/ration/bench/report"
	"github.com/ration-dev/ration/bench/rig"
	"github.com/ration-dev/ration/bench/workload"
)

// run measures, prints, and writes the result of a whole run.
func run(ctx context.Context, o *options) (err error) {
	earlier, err := report.Newest(o.results)
	if err != nil {
		return err
	}
	r, err := rig.New(ctx, o.rig)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	result, err := describe(ctx, o, r)
	if err != nil {
		return err
	}
	result.Head(os.Stdout)
	if err := measure(ctx, o, r, result, earlier); err != nil {
		return err
	}
	if !o.write {
		fmt.Println("\nNothing is written: this was not a whole run. Use -write to write its result all the same.")
		return nil
	}
	if err := os.MkdirAll(o.results, 0o755); err != nil {
		return err
	}
	if err := result.Write(o.results); err != nil || o.readme == "" {
		return err
	}
	return result.ReplaceSection(o.readme, filepath.ToSlash(o.results))
}

// describe returns a result without workloads.
func describe(ctx context.Context, o *options, r *rig.Rig) (*report.Result, error) {
	facts, err := machine.Read(ctx, r.Dir)
	if err != nil {
		return nil, err
	}
	settings, err := r.Settings(ctx)
	if err != nil {
		return nil, err
	}
	commit, changed, err := commit(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC().Truncate(time.Second)
	return &report.Result{
		Date: now.Format(time.DateOnly), At: now, Commit: commit, Changed: changed,
		Rounds: o.rounds, Seconds: o.seconds, Machine: facts, Settings: settings,
	}, nil
}

func measure(ctx context.Context, o *options, r *rig.Rig, result *report.Result, earlier *report.Result) error {
	length := time.Duration(o.seconds) * time.Second
	pace := workload.Pace{Rounds: o.rounds, WarmUp: max(time.Second, length/4), Length: length}
	for _, w := range workload.All(o.sizes) {
		if !slices.Contains(o.only, w.Part) {
			continue
		}
		measured, err := w.Run(ctx, r, pace, func(name string, sample report.Sample) {
			if o.verbose {
				fmt.Printf("  %-34s %10.0f/s  %d answered, %d recorded\n", name, sample.PerSecond, sample.Answered, sample.Recorded)
			}
		})
		if errors.Is(err, workload.ErrNothing) {
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", w.Name, err)
		}
		measured.Print(os.Stdout, earlier)
		result.Workloads = append(result.Workloads, measured)
	}
	return nil
}

// commit returns the commit of the work tree, and whether there is more in it.
func commit(ctx context.Context) (hash string, changed bool, err error) {
	output, err := exec.CommandContext(ctx, "git", "rev-parse", "HEAD").Output()
	if err != nil {
		return "", false, fmt.Errorf("asking git for the commit: %w", err)
	}
	status, err := exec.CommandContext(ctx, "git", "status", "--porcelain", "--", ".", ":!README.md", ":!bench/results").Output()
	return strings.TrimSpace(string(output)), len(status) > 0, err
}

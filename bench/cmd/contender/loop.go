package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/ration-dev/ration/bench/count"
	"github.com/ration-dev/ration/bench/helper"
	"github.com/ration-dev/ration/bench/load"
)

// loop measures a way to count, for callers in this process.
func loop(ctx context.Context, way, keysFile string, callers int, zipf float64) error {
	content, err := os.ReadFile(keysFile)
	if err != nil {
		return err
	}
	keys := strings.Fields(string(content))
	counter, err := count.Open(ctx, way, os.Getenv(helper.DatabaseVariable))
	if err != nil {
		return err
	}
	defer func() { _ = counter.Close(ctx) }()
	workload := load.Workload{Name: way, Callers: callers, Keys: len(keys), Zipf: zipf}
	one := func(ctx context.Context, key int) (bool, error) { return counter.Count(ctx, keys[key], 1) }
	return helper.Answer(helper.Ready{}, func(question helper.Question) (any, error) {
		switch question.Do {
		case "measure":
			return load.Measure(ctx, workload, question.WarmUp, question.Length, one)
		case "counted":
			return counts{counter}.counted(ctx)
		default:
			return nil, fmt.Errorf("nobody answers %q here", question.Do)
		}
	})
}

package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Head writes what a run was made of and made on.
func (r *Result) Head(w io.Writer) {
	changed := ""
	if r.Changed {
		changed = ", with changes that are in no commit"
	}
	m := r.Machine
	fmt.Fprintf(w, "%s, commit %s%s\n", r.Date, short(r.Commit), changed)
	fmt.Fprintf(w, "%s, %d cores, %.0f GiB of memory, databases on %s, %s, Go %s, load %s before the run\n",
		cmp.Or(m.CPU, "unknown processor"), m.Cores, float64(m.Memory)/(1<<30), m.FileSystem, m.Kernel, m.Go, m.Load)
	for _, program := range slices.Sorted(maps.Keys(r.Settings)) {
		var settings []string
		for _, name := range slices.Sorted(maps.Keys(r.Settings[program])) {
			settings = append(settings, name+" "+cmp.Or(r.Settings[program][name], `""`))
		}
		fmt.Fprintf(w, "%s: %s\n", program, strings.Join(settings, ", "))
	}
	fmt.Fprintf(w, "%d rounds, %d seconds for each measurement\n", r.Rounds, r.Seconds)
}

// Print writes a workload with its ratios, and beside them those of an earlier result; nil:
// there is none.
func (w *Workload) Print(to io.Writer, earlier *Result) {
	fmt.Fprintf(to, "\n%s\n", w.Title)
	for _, c := range w.Contenders {
		memory := ""
		if c.Memory > 0 {
			memory = fmt.Sprintf("%6d MiB", c.Memory>>20)
		}
		fmt.Fprintf(to, "  %-34s %10.0f/s  p50 %8.2f ms  p99 %8.2f ms %s\n", c.Name, c.PerSecond(), c.P50(), c.P99(), memory)
	}
	for _, ratio := range w.Ratios {
		before := ""
		if then, known := earlier.ratio(w.Name, ratio); known {
			before = fmt.Sprintf(", %s in the result of %s", figure(then), earlier.Date)
		}
		fmt.Fprintf(to, "  %s of %s: %s (%s to %s)%s\n", ratio.Of, ratio.To, figure(ratio.Median), figure(ratio.Lowest), figure(ratio.Highest), before)
	}
}

func (r *Result) ratio(workload string, like Ratio) (float64, bool) {
	if r == nil {
		return 0, false
	}
	for _, w := range r.Workloads {
		if w.Name == workload {
			ratio, known := w.Ratio(like.Of, like.To)
			return ratio.Median, known
		}
	}
	return 0, false
}

// figure shows a ratio with as many digits as mean something.
func figure(ratio float64) string {
	switch {
	case ratio >= 10:
		return fmt.Sprintf("%.0f", ratio)
	case ratio >= 1:
		return fmt.Sprintf("%.1f", ratio)
	default:
		return fmt.Sprintf("%.2g", ratio)
	}
}

func short(commit string) string { return commit[:min(len(commit), 12)] }

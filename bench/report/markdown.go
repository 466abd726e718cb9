package report

import (
	"bytes"
	"fmt"
	"strings"
)

// Summary is what the README shows of a result, in Markdown. The chart is a file in dir, as
// seen from the README.
func (r *Result) Summary(dir string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "![Decisions a second, with %s](%s/%s.svg)\n\n", strings.Join(charted(r), "; "), dir, r.Name())
	fmt.Fprintf(&text, "Medians of %d rounds, %d seconds for each measurement, of commit %s on %s, on %d cores (%s) that the load generator and the databases shared. Only the ratios mean anything elsewhere:\n\n",
		r.Rounds, r.Seconds, short(r.Commit), r.Date, r.Machine.Cores, r.Machine.CPU)
	text.WriteString(r.throughput())
	for _, sentence := range []string{r.proxySentence(), r.instancesSentence(), r.memorySentence()} {
		if sentence != "" {
			text.WriteString("\n" + sentence + "\n")
		}
	}
	if table := r.latency(); table != "" {
		text.WriteString("\nAt a constant rate, an answer takes:\n\n" + table)
	}
	return text.String()
}

func (r *Result) proxySentence() string {
	for _, w := range r.Workloads {
		if bare := w.find(ReverseProxy); bare != nil && !w.Constant {
			var parts []string
			for _, store := range stores {
				if of := w.times(RationOn(store), bare.Name); of != "" {
					parts = append(parts, fmt.Sprintf("%s on %s (%s)", of, store, w.rate(RationOn(store))))
				}
			}
			return fmt.Sprintf("As a proxy over %s, Ration does %s what a bare `httputil.ReverseProxy` does (%s).",
				strings.TrimPrefix(w.Title, "proxy, "), strings.Join(parts, " and "), w.rate(bare.Name))
		}
	}
	return ""
}

func (r *Result) instancesSentence() string {
	for _, w := range r.Workloads {
		if of := w.times(ThreeInstances, OneInstance); of != "" {
			return fmt.Sprintf("Three instances on one PostgreSQL that are asked about one key do together %s what one instance does (%s and %s).",
				of, w.rate(ThreeInstances), w.rate(OneInstance))
		}
	}
	return ""
}

func (r *Result) memorySentence() string {
	var most int64
	for _, w := range r.Workloads {
		for _, c := range w.Contenders {
			if c.Ours && !strings.HasPrefix(w.Name, "engine") {
				most = max(most, c.Memory)
			}
		}
	}
	if most == 0 {
		return ""
	}
	return fmt.Sprintf("No `ration serve` had more than %d MiB of memory resident.", most>>20)
}

// Markdown is the whole result.
func (r *Result) Markdown() string {
	var text bytes.Buffer
	fmt.Fprintf(&text, "# %s\n\n```\n", r.Name())
	r.Head(&text)
	fmt.Fprintf(&text, "```\n\n%s", r.Summary("."))
	for _, w := range r.Workloads {
		fmt.Fprintf(&text, "\n## %s\n\n| | a second | p50 ms | p99 ms | peak memory |\n|---|---|---|---|---|\n", w.Title)
		for _, c := range w.Contenders {
			fmt.Fprintf(&text, "| %s | %s | %.2f | %.2f | %d MiB |\n", c.Name, thousands(c.PerSecond()), c.P50(), c.P99(), c.Memory>>20)
		}
		if len(w.Ratios) > 0 {
			fmt.Fprintf(&text, "\n| ratio of | to | median | lowest | highest |\n|---|---|---|---|---|\n")
		}
		for _, ratio := range w.Ratios {
			fmt.Fprintf(&text, "| %s | %s | %s | %s | %s |\n", ratio.Of, ratio.To, figure(ratio.Median), figure(ratio.Lowest), figure(ratio.Highest))
		}
	}
	return text.String()
}

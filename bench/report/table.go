package report

import (
	"fmt"
	"strings"
)

// stores are what tables have a column for each of.
var stores = []string{"SQLite", "PostgreSQL"}

// throughput is the table of workloads that count as fast as they can: what Ration does in
// a second on each store, and as a multiple of what stands beside it.
func (r *Result) throughput() string {
	var text strings.Builder
	text.WriteString("|")
	for _, store := range stores {
		fmt.Fprintf(&text, " | Ration on %s | of an upsert there | of Redis, fsync always | of doing nothing", store)
	}
	text.WriteString(" |\n|---|" + strings.Repeat("---|", 4*len(stores)) + "\n")
	for _, w := range r.Workloads {
		if w.Constant || !w.has(UpsertOn("SQLite")) && !w.has(UpsertOn("PostgreSQL")) {
			continue
		}
		fmt.Fprintf(&text, "| %s", w.Title)
		for _, store := range stores {
			ours := RationOn(store)
			fmt.Fprintf(&text, " | %s", w.rate(ours))
			for _, other := range []string{UpsertOn(store), Redis, Nothing} {
				fmt.Fprintf(&text, " | %s", w.times(ours, other))
			}
		}
		text.WriteString(" |\n")
	}
	return text.String()
}

// latency is the table of times at constant rates.
func (r *Result) latency() string {
	var paced []Workload
	for _, w := range r.Workloads {
		if w.Constant {
			paced = append(paced, w)
		}
	}
	if len(paced) == 0 {
		return ""
	}
	var text strings.Builder
	text.WriteString("| p50 / p99 in milliseconds |")
	for _, w := range paced {
		fmt.Fprintf(&text, " %s |", strings.TrimPrefix(w.Title, "latency "))
	}
	text.WriteString("\n|---|" + strings.Repeat("---|", len(paced)) + "\n")
	for _, c := range paced[0].Contenders {
		if c.Older != "" {
			continue
		}
		fmt.Fprintf(&text, "| %s |", c.Name)
		for _, w := range paced {
			if found := w.find(c.Name); found != nil {
				fmt.Fprintf(&text, " %.2f / %.2f |", found.P50(), found.P99())
			} else {
				text.WriteString(" |")
			}
		}
		text.WriteString("\n")
	}
	return text.String()
}

func (w *Workload) has(name string) bool { return w.find(name) != nil }

func (w *Workload) find(name string) *Contender {
	for i := range w.Contenders {
		if w.Contenders[i].Name == name {
			return &w.Contenders[i]
		}
	}
	return nil
}

// rate shows what a contender does in a second.
func (w *Workload) rate(name string) string {
	if c := w.find(name); c != nil {
		return thousands(c.PerSecond()) + "/s"
	}
	return ""
}

// times shows the ratio of a contender to another.
func (w *Workload) times(of, to string) string {
	if ratio, known := w.Ratio(of, to); known {
		return figure(ratio.Median) + " ×"
	}
	return ""
}

// thousands shows a number with three digits that mean something, and commas.
func thousands(n float64) string {
	unit := 1.0
	for n/unit >= 1000 {
		unit *= 10
	}
	digits := fmt.Sprintf("%.0f", float64(int64(n/unit+0.5))*unit)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

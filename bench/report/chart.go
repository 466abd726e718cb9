package report

import (
	"fmt"
	"html"
	"strings"
)

// charts are the workloads that the chart shows, those of them that a result has.
var charts = []string{"verify-256", "engine-hot", "engine-uniform"}

const (
	chartWidth  = 760
	labelWidth  = 210
	valueWidth  = 80
	barHeight   = 18
	rowHeight   = 24
	titleHeight = 34
)

// charted returns the titles of what the chart shows.
func charted(r *Result) (titles []string) {
	for _, w := range r.chartWorkloads() {
		titles = append(titles, w.Title)
	}
	return titles
}

func (r *Result) chartWorkloads() (shown []Workload) {
	for _, name := range charts {
		for _, w := range r.Workloads {
			if w.Name == name {
				shown = append(shown, w)
			}
		}
	}
	return shown
}

// Chart is the result as bars, a group for each of a few workloads, as SVG. It has no
// background, and colours that can be told from white and from black ones.
func (r *Result) Chart() []byte {
	var body strings.Builder
	y := 0
	for _, w := range r.chartWorkloads() {
		fmt.Fprintf(&body, "<text class=\"title\" x=\"0\" y=\"%d\">%s, a second</text>\n", y+22, html.EscapeString(strings.ReplaceAll(w.Title, "`", "")))
		y += titleHeight
		bars := barsOf(w)
		for _, bar := range bars {
			bar.draw(&body, y, widest(bars))
			y += rowHeight
		}
		y += rowHeight / 2
	}
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="%[2]d" viewBox="0 0 %[1]d %[2]d" role="img" aria-label="%[3]s">
<style>
text { font: 13px system-ui, sans-serif; fill: #57606a; }
.title { font-weight: 600; fill: #1f2328; }
.ours { fill: #0969da; }
.other { fill: #8c959f; }
@media (prefers-color-scheme: dark) {
text { fill: #9198a1; }
.title { fill: #f0f6fc; }
.ours { fill: #4493f8; }
.other { fill: #6e7681; }
}
</style>
%[4]s</svg>
`, chartWidth, y, html.EscapeString(strings.ReplaceAll("Decisions a second: "+strings.Join(charted(r), "; "), "`", "")), body.String())
}

// bar is one row of the chart.
type bar struct {
	name  string
	value float64
	ours  bool
}

// barsOf returns the contenders that count durably or do nothing: a map in memory would
// make the others' bars too short to be seen.
func barsOf(w Workload) (bars []bar) {
	for _, c := range w.Contenders {
		if c.Older == "" && c.Name != Memory {
			bars = append(bars, bar{c.Name, c.PerSecond(), c.Ours})
		}
	}
	return bars
}

func widest(bars []bar) (most float64) {
	for _, b := range bars {
		most = max(most, b.value)
	}
	return most
}

func (b bar) draw(to *strings.Builder, y int, most float64) {
	width := float64(chartWidth-labelWidth-valueWidth) * b.value / most
	class := "other"
	if b.ours {
		class = "ours"
	}
	fmt.Fprintf(to, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", labelWidth-8, y+barHeight-4, html.EscapeString(b.name))
	fmt.Fprintf(to, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>\n", class, labelWidth, y, max(width, 1), barHeight)
	fmt.Fprintf(to, "<text x=\"%.1f\" y=\"%d\">%s</text>\n", labelWidth+width+6, y+barHeight-4, thousands(b.value))
}

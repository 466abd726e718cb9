package report_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration/bench/machine"
	"github.com/ration-dev/ration/bench/report"
)

func contender(name string, ours bool, rates ...float64) report.Contender {
	c := report.Contender{Name: name, Ours: ours, Memory: 100 << 20}
	for _, rate := range rates {
		c.Samples = append(c.Samples, report.Sample{PerSecond: rate, P50: 1000 / rate, P99: 3000 / rate})
	}
	return c
}

// example is a result with one workload of each sort.
func example() *report.Result {
	r := &report.Result{
		Date: "2031-02-03", At: time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC), Commit: "0123456789abcdef0123", Rounds: 3, Seconds: 4,
		Machine: machine.Facts{CPU: "A <fast> CPU", Cores: 2, Memory: 8 << 30, FileSystem: "ext4"},
		Workloads: []report.Workload{
			{Name: "verify-256", Title: "`/v1/verify`, 256 connections", Contenders: []report.Contender{
				contender(report.RationOn("SQLite"), true, 1000, 3000, 2000), contender(report.RationOn("PostgreSQL"), true, 800, 800, 800),
				contender(report.UpsertOn("SQLite"), false, 100, 100, 100), contender(report.UpsertOn("PostgreSQL"), false, 400, 200, 100),
				contender(report.Redis, false, 4000, 4000, 4000), contender(report.Memory, false, 9000, 9000, 9000), contender(report.Nothing, false, 10000, 10000, 10000),
			}},
			{Name: "proxy-64", Title: "proxy, 64 connections", Contenders: []report.Contender{
				contender(report.RationOn("SQLite"), true, 500, 500, 500), contender(report.ReverseProxy, false, 1000, 1000, 1000),
			}},
			{Name: "instances", Title: "`/v1/verify` about one key", Contenders: []report.Contender{
				contender(report.ThreeInstances, true, 640, 640, 640), contender(report.OneInstance, false, 1000, 1000, 1000),
			}},
			{Name: "latency-100", Title: "latency at 100 requests a second", Constant: true, Contenders: []report.Contender{
				contender(report.RationOn("SQLite"), true, 500, 500, 500), contender(report.NoProxy, false, 1000, 1000, 1000),
			}},
		},
	}
	older := contender(report.BaselineOn("SQLite"), false, 500, 500, 1000)
	older.Older = report.RationOn("SQLite")
	r.Workloads[0].Contenders = append(r.Workloads[0].Contenders, older)
	r.Workloads[3].Contenders = append(r.Workloads[3].Contenders, older)
	for i := range r.Workloads {
		r.Workloads[i].Compare()
	}
	return r
}

func TestCompareComparesRoundByRound(t *testing.T) {
	t.Parallel()
	r := example()
	for _, want := range []struct {
		workload int
		ratio    report.Ratio
	}{
		{0, report.Ratio{Of: "Ration on SQLite", To: "an upsert on SQLite", Median: 20, Lowest: 10, Highest: 30}},
		{0, report.Ratio{Of: "Ration on PostgreSQL", To: "an upsert on PostgreSQL", Median: 4, Lowest: 2, Highest: 8}},
		{0, report.Ratio{Of: "Ration on SQLite", To: "baseline on SQLite", Median: 2, Lowest: 2, Highest: 6}},
		{3, report.Ratio{Of: "Ration on SQLite", To: "baseline on SQLite", Median: 1, Lowest: 1, Highest: 2}}, // of times
	} {
		if got, _ := r.Workloads[want.workload].Ratio(want.ratio.Of, want.ratio.To); got != want.ratio {
			t.Errorf("got %+v, want %+v", got, want.ratio)
		}
	}
	for _, none := range [][2]string{{"Ration on SQLite", "Ration on PostgreSQL"}, {"Ration on PostgreSQL", "baseline on SQLite"}, {"an upsert on SQLite", "Redis, fsync always"}} {
		if got, known := r.Workloads[0].Ratio(none[0], none[1]); known {
			t.Errorf("got %+v", got)
		}
	}
	if got, known := r.Workloads[3].Ratio("Ration on SQLite", report.NoProxy); known {
		t.Errorf("at a constant rate all do as much, but got %+v", got)
	}
}

func TestMedianOfAnEvenNumberIsBetweenTheTwo(t *testing.T) {
	t.Parallel()
	c := contender("a", true, 4, 1, 3, 100)
	if got := c.PerSecond(); got != 3.5 {
		t.Errorf("got %v", got)
	}
}

func TestSummaryShowsTheFigures(t *testing.T) {
	t.Parallel()
	summary := example().Summary("some/dir")
	for _, want := range []string{
		"](some/dir/2031-02-03-0123456789ab.svg)",
		"of commit 0123456789ab on 2031-02-03",
		"| `/v1/verify`, 256 connections | 2,000/s | 20 × | 0.5 × | 0.2 × | 800/s | 4.0 × | 0.2 × | 0.08 × |\n",
		"As a proxy over 64 connections, Ration does 0.5 × on SQLite (500/s) what a bare `httputil.ReverseProxy` does (1,000/s).",
		"0.64 × what one instance does (640/s and 1,000/s)",
		"more than 100 MiB of memory",
		"| p50 / p99 in milliseconds | at 100 requests a second |\n",
		"| Ration on SQLite | 2.00 / 6.00 |\n",
	} {
		if !strings.Contains(summary, want) {
			t.Errorf("the summary lacks %q:\n%s", want, summary)
		}
	}
	if strings.Contains(summary, "baseline") {
		t.Errorf("the summary has an older build:\n%s", summary)
	}
}

func TestChartIsSVGWithTheValues(t *testing.T) {
	t.Parallel()
	chart := example().Chart()
	for decoder := xml.NewDecoder(bytes.NewReader(chart)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{">2,000</text>", ">Ration on PostgreSQL</text>", "prefers-color-scheme: dark", ">/v1/verify, 256 connections, a second</text>", `class="ours" x="210" y="34" width="94.0"`} {
		if !bytes.Contains(chart, []byte(want)) {
			t.Errorf("the chart lacks %q:\n%s", want, chart)
		}
	}
}

func TestWriteAndReadAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	older, newer := example(), example()
	older.Date, older.At = "2031-02-02", older.At.AddDate(0, 0, -1)
	for _, r := range []*report.Result{newer, older} {
		if err := r.Write(dir); err != nil {
			t.Fatal(err)
		}
	}
	read, err := report.Newest(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(newer, read); diff != "" {
		t.Error(diff)
	}
	content, err := os.ReadFile(filepath.Join(dir, "2031-02-03-0123456789ab.md"))
	if err != nil || !bytes.Contains(content, []byte("| Redis, fsync always | 4,000 | 0.25 | 0.75 | 100 MiB |\n")) {
		t.Errorf("got %s, %v", content, err)
	}
	if none, err := report.Newest(t.TempDir()); none != nil || err != nil {
		t.Errorf("got %+v, %v of a directory without results", none, err)
	}
}

func TestPrintShowsTheEarlierRatio(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	earlier := example()
	earlier.Workloads[1].Ratios[0].Median = 0.25
	example().Workloads[1].Print(&text, earlier)
	if want := "Ration on SQLite of a bare ReverseProxy: 0.5 (0.5 to 0.5), 0.25 in the result of 2031-02-03\n"; !strings.Contains(text.String(), want) {
		t.Errorf("got %s", text.String())
	}
	text.Reset()
	example().Workloads[1].Print(&text, nil)
	if strings.Contains(text.String(), "in the result") {
		t.Errorf("got %s", text.String())
	}
}

func TestReplaceSectionKeepsTheRest(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "README.md")
	before := "# Title\n\n<!-- make bench writes what follows -->\nold\n<!-- make bench wrote what precedes -->\nrest\n"
	if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := example().ReplaceSection(path, "dir"); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Replace(before, "old\n", example().Summary("dir"), 1); string(after) != want {
		t.Errorf("got %s", after)
	}
	if err := os.WriteFile(path, []byte("# Title\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := example().ReplaceSection(path, "dir"); err == nil {
		t.Error("got no error of a README without the lines")
	}
}

package docs_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/ration-dev/ration/internal/metrics"
)

const metricsPage = "docs/METRICS.md"

// The lines around the table of metrics.
const (
	metricsBegin = "<!-- The table is made by: go test ./test/docs -run Reference -update -->\n"
	metricsEnd   = "<!-- The end of the table. -->\n"
)

// TestReferenceOfMetrics compares the table of the page with the metrics that there are.
func TestReferenceOfMetrics(t *testing.T) {
	page := string(read(t, metricsPage))
	before, rest, begins := strings.Cut(page, metricsBegin)
	_, after, ends := strings.Cut(rest, metricsEnd)
	if !begins || !ends {
		t.Fatal("the page has no table")
	}
	want := before + metricsBegin + metricsTable(t) + metricsEnd + after
	if *update {
		if err := os.WriteFile(filepath.Join("../..", metricsPage), []byte(want), 0o644); err != nil { //nolint:gosec // a document
			t.Fatal(err)
		}
		return
	}
	if diff := gocmp.Diff(want, page); diff != "" {
		t.Errorf("the page differs from the metrics; run 'go test ./test/docs -run Reference -update' (-metrics +page):\n%s", diff)
	}
	for _, name := range regexp.MustCompile(`ration_[a-z_]+`).FindAllString(before+after, -1) {
		family := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
		if !strings.Contains(want, "| `"+family+"` |") && !strings.Contains(want, "| `"+name+"` |") {
			t.Errorf("the page speaks of %s, which there isn't", name)
		}
	}
}

// noQueues is an engine without work.
type noQueues struct{}

func (noQueues) Waiting() []int { return nil }
func (noQueues) Digests() int   { return 0 }

// described is how a description shows itself.
var described = regexp.MustCompile(`fqName: "([^"]+)", help: "([^"]+)", .*variableLabels: \{([^}]*)\}`)

func metricsTable(t *testing.T) string {
	t.Helper()
	m := metrics.New(metrics.Config{})
	m.Watch(noQueues{})
	descriptions := make(chan *prometheus.Desc)
	go func() {
		m.Describe(descriptions)
		close(descriptions)
	}()
	var rows [][]string
	for desc := range descriptions {
		row := described.FindStringSubmatch(desc.String())
		if row == nil {
			t.Fatalf("can't read %s", desc)
		}
		rows = append(rows, row[1:])
	}
	slices.SortFunc(rows, func(a, b []string) int { return cmp.Compare(a[0], b[0]) })
	var table strings.Builder
	table.WriteString("| metric | labels | |\n|---|---|---|\n")
	for _, row := range rows {
		var labels []string
		for _, label := range strings.FieldsFunc(row[2], func(r rune) bool { return r == ',' }) {
			labels = append(labels, "`"+label+"`")
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", row[0], strings.Join(labels, ", "), row[1])
	}
	return table.String()
}

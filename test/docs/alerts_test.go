package docs_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	gocmp "github.com/google/go-cmp/cmp"
)

const (
	rulesFile     = "deploy/prometheus/ration.rules.yaml"
	ruleTestsFile = "deploy/prometheus/ration.rules_test.yaml"
	dashboardFile = "deploy/grafana/ration.json"
)

// promtool runs Prometheus's own tool.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	if output, err := exec.CommandContext(t.Context(), "promtool", args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v (scripts/require.sh promtool installs it)\n%s", strings.Join(args, " "), err, output)
	}
}

// alert is a rule.
type alert struct {
	Alert       string
	Expr        string
	Labels      map[string]string
	Annotations map[string]string
}

func alerts(t *testing.T) (found []alert) {
	t.Helper()
	var file struct {
		Groups []struct{ Rules []alert }
	}
	if err := yaml.Unmarshal(read(t, rulesFile), &file); err != nil {
		t.Fatal(err)
	}
	for _, group := range file.Groups {
		found = append(found, group.Rules...)
	}
	return found
}

// TestAlertsFireAndStayQuiet has Prometheus's own tool try the rules, and wants two tries
// of each: one where it fires, and one beside it.
func TestAlertsFireAndStayQuiet(t *testing.T) {
	promtool(t, "check", "rules", filepath.Join("../..", rulesFile))
	promtool(t, "test", "rules", filepath.Join("../..", ruleTestsFile))
	tests := string(read(t, ruleTestsFile))
	for _, one := range alerts(t) {
		for _, name := range []string{one.Alert + " fires", one.Alert + " stays quiet"} {
			if strings.Count(tests, "- name: "+name+"\n") != 1 {
				t.Errorf("no test %q", name)
			}
		}
		if one.Annotations["summary"] == "" || !slices.Contains([]string{"critical", "warning", "info"}, one.Labels["severity"]) {
			t.Errorf("%s lacks a summary or a severity", one.Alert)
		}
	}
}

// TestAlertsAreExplained compares the page with the rules.
func TestAlertsAreExplained(t *testing.T) {
	want := map[string]string{}
	for _, one := range alerts(t) {
		want[one.Alert] = one.Labels["severity"]
	}
	got := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(Ration[A-Za-z]+)` \\| ([a-z]+) \\| [^|]{20,} \\|$").FindAllStringSubmatch(string(read(t, metricsPage)), -1) {
		got[row[1]] = row[2]
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("alerts and their severities (-rules +page):\n%s", diff)
	}
}

// dashboard is what a test looks at.
type dashboard struct {
	Panels []struct {
		Title, Description, Type string
		Datasource               struct{ UID string }
		FieldConfig              struct{ Defaults struct{ Unit string } }
		GridPos                  struct{ X, Y, W, H int }
		Targets                  []struct{ Expr, LegendFormat string }
	}
}

// TestDashboardIsComplete: Grafana has no tool that can be had here, so this looks for
// what its linter does, and has Prometheus's tool read the expressions.
func TestDashboardIsComplete(t *testing.T) {
	var board dashboard
	if err := json.Unmarshal(read(t, dashboardFile), &board); err != nil {
		t.Fatal(err)
	}
	var rules strings.Builder
	rules.WriteString("groups:\n  - name: dashboard\n    rules:\n")
	taken := map[[2]int]string{}
	for i, panel := range board.Panels {
		for x := range panel.GridPos.W {
			for y := range panel.GridPos.H {
				place := [2]int{panel.GridPos.X + x, panel.GridPos.Y + y}
				if other := taken[place]; other != "" || place[0] >= 24 {
					t.Fatalf("%s lies on %q, or outside", panel.Title, other)
				}
				taken[place] = panel.Title
			}
		}
		if panel.Type == "row" {
			continue
		}
		if panel.Title == "" || !strings.HasSuffix(panel.Description, ".") || panel.FieldConfig.Defaults.Unit == "" || panel.Datasource.UID != "${datasource}" || len(panel.Targets) == 0 {
			t.Errorf("panel %d, %s, lacks something", i, panel.Title)
		}
		for j, target := range panel.Targets {
			if target.LegendFormat == "" || strings.Count(target.Expr, `job=~"$job",instance=~"$instance"`) != len(metricNames(target.Expr)) {
				t.Errorf("%s: %s lacks a legend, or the variables of the dashboard", panel.Title, target.Expr)
			}
			plain := strings.NewReplacer("$__rate_interval", "5m", "$job", ".+", "$instance", ".+").Replace(target.Expr)
			fmt.Fprintf(&rules, "      - record: panel%d:target%d\n        expr: %q\n", i, j, plain)
		}
	}
	file := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(file, []byte(rules.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", file)
}

// metricNames returns the metrics that an expression reads, once for each time.
func metricNames(expr string) []string {
	return regexp.MustCompile(`\b(?:ration|process|go)_[a-z0-9_]+|\bup\b`).FindAllString(regexp.MustCompile(`"[^"]*"`).ReplaceAllString(expr, ""), -1)
}

// TestOnlyMetricsThatThereAreAreUsed, and with labels that they have.
func TestOnlyMetricsThatThereAreAreUsed(t *testing.T) {
	labels := map[string][]string{"up": nil, "process_cpu_seconds_total": nil, "process_resident_memory_bytes": nil}
	for _, row := range regexp.MustCompile("(?m)^\\| `(ration_[a-z_]+)` \\| ([^|]*) \\|").FindAllStringSubmatch(metricsTable(t), -1) {
		labels[row[1]] = regexp.MustCompile("[a-z]+").FindAllString(row[2], -1)
	}
	var exprs []string
	for _, one := range alerts(t) {
		exprs = append(exprs, one.Expr)
	}
	var board dashboard
	if err := json.Unmarshal(read(t, dashboardFile), &board); err != nil {
		t.Fatal(err)
	}
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			exprs = append(exprs, target.Expr)
		}
	}
	used := map[string]bool{}
	for _, expr := range exprs {
		for _, selector := range regexp.MustCompile(`\b((?:ration|process)_[a-z0-9_]+|up)\b(?:\{([^}]*)\})?`).FindAllStringSubmatch(expr, -1) {
			name := selector[1]
			known, exists := labels[name]
			if !exists {
				name = regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
				known, exists = labels[name]
			}
			if !exists {
				t.Errorf("there is no %s, in %s", name, expr)
			}
			used[name] = true
			for _, matcher := range regexp.MustCompile(`([a-z]+)[!=]`).FindAllStringSubmatch(regexp.MustCompile(`"[^"]*"`).ReplaceAllString(selector[2], ""), -1) {
				if !slices.Contains(append(known, "job", "instance"), matcher[1]) {
					t.Errorf("%s has no label %s, in %s", name, matcher[1], expr)
				}
			}
		}
	}
	if len(used) < 20 {
		t.Errorf("only %v are used", slices.Sorted(maps.Keys(used)))
	}
}

package docs_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/cli"
)

// TestExitCodesAreThoseOfTheTable runs the examples of the page's table, and looks for
// codes that other pages name.
func TestExitCodesAreThoseOfTheTable(t *testing.T) {
	_, table, _ := strings.Cut(string(read(t, "docs/OPERATIONS.md")), "\n## Exit codes\n")
	table, _, _ = strings.Cut(table, "\n## ")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), bytes.Repeat([]byte("notes "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	known, ran := map[string]bool{}, 0
	for _, row := range regexp.MustCompile(`(?m)^\| (\d) \| [^|]+ \| (?:.*\x60ration ([^\x60]+)\x60)?.* \|$`).FindAllStringSubmatch(table, -1) {
		known[row[1]] = true
		if row[2] == "" {
			continue
		}
		ran++
		args := strings.Fields(strings.NewReplacer("notes.txt", filepath.Join(dir, "notes.txt"), "missing.yaml", filepath.Join(dir, "missing.yaml")).Replace(row[2]))
		if !strings.Contains(row[2], "--db") && args[0] != "version" {
			args = append(args, "--db", "sqlite:"+filepath.Join(dir, "ration.db"))
		}
		var stdout, stderr bytes.Buffer
		if code := cli.Main(t.Context(), args, strings.NewReader(""), &stdout, &stderr, nil); strconv.Itoa(code) != row[1] {
			t.Errorf("ration %s ended with %d: %s; the page says %s", row[2], code, &stderr, row[1])
		}
	}
	if len(known) != 10 || ran != 6 {
		t.Errorf("the table has %d codes and %d examples that can be run:\n%s", len(known), ran, table)
	}
	for _, page := range append(pages(t), "README.md") {
		for _, named := range regexp.MustCompile(`exit code (\d+)`).FindAllStringSubmatch(string(read(t, page)), -1) {
			if !known[named[1]] {
				t.Errorf("%s names exit code %s, which the table lacks", page, named[1])
			}
		}
	}
}

package chart_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ration-dev/ration/test/harness"
)

const (
	// root is the directory of the module.
	root = "../.."
	// chart is that of the chart.
	chart = root + "/deploy/helm/ration"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.RemoveBinary()
	os.Exit(code)
}

// rendered is what Helm has made of some values. To build Helm takes minutes, so only the
// long tests run it, and keep what it makes in testdata; the sum at the head of a file
// tells what it was made of.
type rendered struct{ sum, text string }

func (r rendered) String() string { return "# " + r.sum + "\n" + r.text }

// path returns where the manifests for a row of charts are kept.
func path(name string) string {
	return "testdata/" + strings.ReplaceAll(strings.ToLower(name), " ", "-") + ".yaml"
}

// render returns the manifests that Helm has made for a row of charts.
func render(t *testing.T, name string) []object {
	t.Helper()
	kept, err := os.ReadFile(path(name))
	if err != nil {
		t.Fatalf("%v: %s", err, renew)
	}
	sum, text, _ := strings.Cut(strings.TrimPrefix(string(kept), "# "), "\n")
	if sum != sumOf(t, valuesOf(t, name), text) {
		t.Fatalf("%s was made of another chart or other values: %s", path(name), renew)
	}
	return objectsOf(t, text)
}

const renew = "make charts renews it"

func valuesOf(t *testing.T, name string) string {
	t.Helper()
	for _, row := range charts {
		if row.name == name {
			return row.values
		}
	}
	t.Fatalf("charts has no row %q", name)
	return ""
}

// onlyRefused are the files of the chart that say what is refused or printed, and make no
// manifest.
var onlyRefused = []string{"values.schema.json", "templates/refuse.yaml", "templates/NOTES.txt"}

// sumOf returns the sum of the chart, values and what Helm has made of them.
func sumOf(t *testing.T, values, text string) string {
	t.Helper()
	sum := sha256.New()
	err := fs.WalkDir(os.DirFS(chart), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || slices.Contains(onlyRefused, name) {
			return err
		}
		content, err := os.ReadFile(chart + "/" + name)
		fmt.Fprintf(sum, "%s %d\n%s", name, len(content), content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(sum, "%d\n%s%s", len(values), values, text)
	return hex.EncodeToString(sum.Sum(nil))
}

package docs_test

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheMapOfPackagesIsComplete compares the table "Where things are" with the
// directories that have Go code. A directory of several packages may stand for them.
func TestTheMapOfPackagesIsComplete(t *testing.T) {
	page := string(read(t, "docs/ARCHITECTURE.md"))
	_, table, found := strings.Cut(page, "## Where things are")
	table, _, ended := strings.Cut(table, "\n## ")
	if !found || !ended {
		t.Fatal("there is no such table")
	}
	listed := make(map[string]bool) // and whether there is such a package
	for _, row := range regexp.MustCompile(`(?m)^\| (`+"`"+`.*?) \|`).FindAllStringSubmatch(table, -1) {
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
			listed[name[1]] = false
		}
	}
	for name := range packages(t, "../..") {
		if !onMap(listed, name) {
			t.Errorf("docs/ARCHITECTURE.md does not say what %s is for", name)
		}
	}
	for name, there := range listed {
		if !there && name != "ration" {
			t.Errorf("docs/ARCHITECTURE.md lists %s, which is no package", name)
		}
	}
}

// onMap reports whether a package or a directory above it is listed, and ticks off
// what lists it.
func onMap(listed map[string]bool, name string) bool {
	for dir := name; ; dir = filepath.Dir(dir) {
		if _, found := listed[dir]; found {
			listed[dir] = true
			return dir != "." || name == "."
		}
		if dir == "." {
			return false
		}
	}
}

// packages returns the directories under root that have Go files.
func packages(t *testing.T, root string) map[string]bool {
	t.Helper()
	found := make(map[string]bool)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" || entry.Name() == "tools"):
			return filepath.SkipDir
		case !entry.IsDir() && strings.HasSuffix(path, ".go"):
			name, err := filepath.Rel(root, filepath.Dir(path))
			found[filepath.ToSlash(name)] = true
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

package ration_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadImportsLeavesOutTestsAndOtherModules(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.go":                  "package ration\nimport \"fmt\"",
		"a_long.go":             "//go:build long\n\npackage ration\nimport \"os\"",
		"a_test.go":             "package ration\nimport \"net/http\"",
		"sqlite/s.go":           "package sqlite\nimport . \"" + module + "\"",
		"bench/go.mod":          "module bench",
		"bench/b.go":            "package bench\nimport \"net/http\"",
		"api/testdata/t.go":     "package t\nimport \"net/http\"",
		".cache/hidden.go":      "package hidden",
		"internal/only_test.go": "package only",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string][]string{root: {"fmt", "os"}, "sqlite": {module}}
	if diff := cmp.Diff(want, readImports(t, os.DirFS(dir))); diff != "" {
		t.Errorf("imports (-want +got):\n%s", diff)
	}
}

// readImports reads what each package of the module imports outside its tests,
// for all systems and build tags. It reads the files itself because the go
// command would see one system only, and because a cached test result then
// depends on them.
func readImports(t *testing.T, tree fs.FS) map[string][]string {
	t.Helper()
	imports := map[string][]string{}
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && isOutside(tree, name):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		found, err := fileImports(tree, name)
		pkg := path.Dir(name)
		imports[pkg] = append(imports[pkg], found...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, found := range imports {
		slices.Sort(found)
		imports[name] = slices.Compact(found)
	}
	return imports
}

// isOutside leaves out what the go command leaves out, and other modules.
func isOutside(tree fs.FS, dir string) bool {
	base := path.Base(dir)
	if dir == "." {
		return false
	}
	if strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" {
		return true
	}
	_, err := fs.Stat(tree, path.Join(dir, "go.mod"))
	return err == nil
}

func fileImports(tree fs.FS, name string) ([]string, error) {
	text, err := fs.ReadFile(tree, name)
	if err != nil {
		return nil, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	imports := make([]string, 0, len(file.Imports))
	for _, spec := range file.Imports {
		importPath, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		imports = append(imports, importPath)
	}
	return imports, nil
}

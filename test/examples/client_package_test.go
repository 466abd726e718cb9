package examples_test

import (
	"archive/zip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestThePythonClientIsAPackage builds the wheel that would be published, and imports
// it from there.
func TestThePythonClientIsAPackage(t *testing.T) {
	t.Parallel()
	python, source, out := pythonWith(t, "setuptools", "wheel"), filepath.Join(t.TempDir(), "python"), t.TempDir()
	if err := os.CopyFS(source, os.DirFS("../../clients/python")); err != nil {
		t.Fatal(err)
	}
	run := func(dir string, args ...string) string {
		command := exec.CommandContext(t.Context(), python, args...)
		command.Dir = dir
		printed, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, printed)
		}
		return strings.TrimSpace(string(printed))
	}
	run(source, "-c", "import sys, setuptools.build_meta as b; b.build_wheel(sys.argv[1])", out)
	wheels, err := filepath.Glob(filepath.Join(out, "ration_client-*-py3-none-any.whl"))
	if err != nil || len(wheels) != 1 {
		t.Fatalf("wheels %v, %v", wheels, err)
	}
	archive, err := zip.OpenReader(wheels[0])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = archive.Close() }()
	var names []string
	for _, file := range archive.File {
		if !strings.Contains(file.Name, ".dist-info/") {
			names = append(names, file.Name)
		}
	}
	slices.Sort(names)
	if want := []string{"ration/__init__.py", "ration/py.typed"}; !slices.Equal(names, want) {
		t.Errorf("it contains %v, want %v", names, want)
	}
	if version := run(out, "-I", "-c", "import sys; sys.path.insert(0, '"+wheels[0]+"'); import ration; print(ration.__version__, ration.__file__)"); !strings.Contains(version, ".whl") {
		t.Errorf("it was imported from elsewhere: %s", version)
	}
}

// TestTheTypeScriptClientIsAPackage asks npm what it would publish, and a compiler what
// the types say of it.
func TestTheTypeScriptClientIsAPackage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := func(args ...string) string {
		command := exec.CommandContext(t.Context(), args[0], args[1:]...)
		command.Dir = dir
		printed, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, printed)
		}
		return strings.TrimSpace(string(printed))
	}
	client := filepath.Join(dir, "node_modules", "ration-client")
	if err := os.MkdirAll(filepath.Dir(client), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(client, os.DirFS("../../clients/typescript")); err != nil {
		t.Fatal(err)
	}
	typed, err := os.ReadFile("testdata/typed.ts")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "typed.ts"), typed, 0o600); err != nil {
		t.Fatal(err)
	}
	run("tsc", "--noEmit", "--strict", "--target", "es2022", "--module", "commonjs", "--lib", "es2022,dom", "typed.ts")

	names := strings.Split(run("node", "-p", "Object.keys(require('ration-client')).sort().join()"), ",")
	if imported := run("node", "--input-type=module", "-e", "import * as r from 'ration-client'; console.log(Object.keys(r).filter((n) => n !== 'default' && n !== 'module.exports').sort().join())"); imported != strings.Join(names, ",") {
		t.Errorf("imported it has %s, required %s", imported, names)
	}
	types, err := os.ReadFile(filepath.Join(client, "ration.d.ts"))
	if err != nil {
		t.Fatal(err)
	}
	var declared []string
	for _, found := range regexp.MustCompile(`(?m)^export (?:class|function) (\w+)`).FindAllSubmatch(types, -1) {
		declared = append(declared, string(found[1]))
	}
	slices.Sort(declared)
	if !slices.Equal(declared, names) {
		t.Errorf("the types declare %v, the module exports %v", declared, names)
	}

	packed := run("npm", "pack", "--offline", "--ignore-scripts", "--silent", client)
	files := filesIn(t, filepath.Join(dir, packed))
	if want := "README.md package.json ration.d.ts ration.js"; !strings.HasSuffix(packed, ".tgz") || files != want {
		t.Errorf("%s contains %s, want %s", packed, files, want)
	}
}

// filesIn returns the names of the files in a package for npm.
func filesIn(t *testing.T, archive string) string {
	t.Helper()
	listed, err := exec.CommandContext(t.Context(), "tar", "tzf", archive).Output()
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(strings.ReplaceAll(string(listed), "package/", ""))
	slices.Sort(names)
	return strings.Join(names, " ")
}

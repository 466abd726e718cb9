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

// TestThePythonClientIsAPackage builds what would be published, and installs it where
// there is nothing else.
func TestThePythonClientIsAPackage(t *testing.T) {
	t.Parallel()
	python, dir := pythonWith(t, "setuptools", "wheel", "pip"), t.TempDir()
	source := filepath.Join(dir, "python")
	if err := os.CopyFS(source, os.DirFS("../../clients/python")); err != nil {
		t.Fatal(err)
	}
	run := runner(t)
	run(source, python, "-c", "import sys, setuptools.build_meta as b; b.build_sdist(sys.argv[1])", dir)
	run(dir, "tar", "xzf", only(t, dir, "ration_client-*.tar.gz", "ration-client-*.tar.gz"))
	run(only(t, dir, "ration_client-*[0-9]", "ration-client-*[0-9]"), python, "-c", "import sys, setuptools.build_meta as b; b.build_wheel(sys.argv[1])", dir)
	wheel := only(t, dir, "ration_client-*-py3-none-any.whl")
	archive, err := zip.OpenReader(wheel)
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

	run(dir, python, "-m", "venv", "--without-pip", "empty")
	installed := filepath.Join(dir, "empty", "bin", "python")
	run(dir, python, "-m", "pip", "--python", installed, "install", "--quiet", "--no-index", wheel)
	if printed := run(dir, installed, "-I", "-c", "import importlib.metadata as m, ration; print(ration.__version__ == m.version('ration-client'), ration.__file__)"); !regexp.MustCompile("^True .*/empty/").MatchString(printed) {
		t.Errorf("it was imported from elsewhere, or is of another version: %s", printed)
	}
	if err := os.CopyFS(source, os.DirFS("testdata/typed")); err != nil {
		t.Fatal(err)
	}
	run(source, "mypy", "--python-executable", installed, "ration", "typed.py")
}

// TestTheTypeScriptClientIsAPackage packs what would be published, and installs it where
// there is nothing else.
func TestTheTypeScriptClientIsAPackage(t *testing.T) {
	t.Parallel()
	dir, run := t.TempDir(), runner(t)
	source, err := filepath.Abs("../../clients/typescript")
	if err != nil {
		t.Fatal(err)
	}
	packed := run(dir, "npm", "pack", "--offline", "--ignore-scripts", "--silent", source)
	files := filesIn(t, filepath.Join(dir, packed))
	if want := "LICENSE README.md package.json ration.d.ts ration.js"; !strings.HasSuffix(packed, ".tgz") || files != want {
		t.Errorf("%s contains %s, want %s", packed, files, want)
	}
	write(t, filepath.Join(dir, "package.json"), `{"name": "empty", "private": true}`)
	run(dir, "npm", "install", "--offline", "--no-audit", "--no-fund", "--silent", "./"+packed)
	client := filepath.Join(dir, "node_modules", "ration-client")

	names := strings.Split(run(dir, "node", "-p", "Object.keys(require('ration-client')).sort().join()"), ",")
	if imported := run(dir, "node", "--input-type=module", "-e", "import * as r from 'ration-client'; console.log(Object.keys(r).filter((n) => n !== 'default' && n !== 'module.exports').sort().join())"); imported != strings.Join(names, ",") {
		t.Errorf("imported it has %s, required %s", imported, names)
	}
	if err := os.CopyFS(filepath.Join(dir, "typed"), os.DirFS("testdata/typed")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "typed", "module.mts"), "import { Admin, Client, charge } from \"ration-client\";\nconsole.log(new Client(), new Admin(), charge());\n")
	run(filepath.Join(dir, "typed"), "tsc", "--noEmit", "--strict", "--target", "es2022", "--module", "node16", "--lib", "es2022,dom", "typed.ts", "module.mts")

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
	wantMethodsDeclared(t, string(types), run(dir, "node", "-p", "const r = require('ration-client'); [r.Client, r.Admin].flatMap((c) => Object.getOwnPropertyNames(c.prototype)).join()"))
}

// wantMethodsDeclared wants each method to have a type, and each type a method.
func wantMethodsDeclared(t *testing.T, types, methods string) {
	t.Helper()
	var declared, has []string
	for _, class := range regexp.MustCompile(`(?ms)^export class (?:Client|Admin) \{\n(.*?)^\}`).FindAllStringSubmatch(types, -1) {
		for _, found := range regexp.MustCompile(`(?m)^  (\w+)\(`).FindAllStringSubmatch(class[1], -1) {
			declared = append(declared, found[1])
		}
	}
	has = strings.Split(methods, ",")
	slices.Sort(has)
	slices.Sort(declared)
	if !slices.Equal(declared, has) {
		t.Errorf("the types declare the methods %v, the classes have %v", declared, has)
	}
}

// runner returns a function that runs a command in a directory, and returns what it
// prints.
func runner(t *testing.T) func(dir string, command ...string) string {
	return func(dir string, command ...string) string {
		t.Helper()
		process := exec.CommandContext(t.Context(), command[0], command[1:]...)
		process.Dir = dir
		printed, err := process.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", command, err, printed)
		}
		return strings.TrimSpace(string(printed))
	}
}

// only returns the one path that a pattern matches.
func only(t *testing.T, dir string, patterns ...string) string {
	t.Helper()
	var found []string
	for _, pattern := range patterns {
		paths, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, paths...)
	}
	if len(found) != 1 {
		t.Fatalf("%v matches %v", patterns, found)
	}
	return found[0]
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

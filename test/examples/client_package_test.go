package examples_test

import (
	"archive/zip"
	"os"
	"os/exec"
	"path/filepath"
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

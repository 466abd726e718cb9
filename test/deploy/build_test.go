package deploy_test

import (
	"debug/elf"
	"encoding/json"
	"os/exec"
	"testing"
)

// TestBuildIsStatic: the binary runs where there is nothing but the kernel.
func TestBuildIsStatic(t *testing.T) {
	file, err := elf.Open(binary(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if faults := dynamic(t, file); len(faults) > 0 {
		t.Errorf("the binary needs %q", faults)
	}
}

// TestDynamicIsRecognised keeps the test above from passing whatever it is given.
func TestDynamicIsRecognised(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	file, err := elf.Open(shell)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if len(dynamic(t, file)) < 2 {
		t.Errorf("%s seems to be static", shell)
	}
}

// dynamic returns the interpreter and the libraries that a binary needs.
func dynamic(t *testing.T, file *elf.File) []string {
	t.Helper()
	var needed []string
	for _, program := range file.Progs {
		if program.Type == elf.PT_INTERP {
			needed = append(needed, "an interpreter")
		}
	}
	libraries, err := file.ImportedLibraries()
	if err != nil {
		t.Fatal(err)
	}
	return append(needed, libraries...)
}

func TestVersionSaysTheCommit(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), binary(t), "version", "-o", "json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Version, Revision string
		Modified          bool
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	commit, _ := makeBuild()
	if got.Revision != commit || got.Modified || got.Version == "(devel)" {
		t.Errorf("version %+v, want unchanged commit %s", got, commit)
	}
}

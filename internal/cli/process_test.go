package cli_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/cli"
)

// asProgram makes the tests' executable be the program itself.
const asProgram = "RATION_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		cli.WaitForChoices()
		os.Exit(cli.Main(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr, nil))
	}
	os.Exit(m.Run())
}

// programTime bounds a program that should be refused and might serve.
const programTime = 20 * time.Second

// runAsOther runs the command line in the working directory, in a process of a
// user who isn't root: root may read and write everything.
func runAsOther(t *testing.T, args ...string) invocation {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), programTime)
	defer cancel()
	var stdout, stderr bytes.Buffer
	program := exec.CommandContext(ctx, copyOfTests(t), args...)
	program.Env = append(os.Environ(), asProgram+"=1")
	program.Stdout, program.Stderr = &stdout, &stderr
	dropRights(t, program)
	err := program.Run()
	if exited := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exited) {
		t.Fatal(err)
	}
	return invocation{program.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// copyOfTests copies the tests' executable to where every user may run it.
func copyOfTests(t *testing.T) string {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	from, err := os.Open(own)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = from.Close() }()
	path := filepath.Join(openDirectory(t), "ration")
	to, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(to, from)
	if err := errors.Join(err, to.Close()); err != nil {
		t.Fatal(err)
	}
	setMode(t, path, 0o755)
	return path
}

// openDirectory makes a directory that every user may read and write in.
func openDirectory(t *testing.T) string {
	t.Helper()
	directory := t.TempDir()
	setMode(t, filepath.Dir(directory), 0o755)
	setMode(t, directory, 0o777)
	return directory
}

// setMode gives a file a mode, whatever the process's mask is.
func setMode(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

package harness

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// binaryDir is where build puts the binary; empty before.
var binaryDir string

var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "ration-e2e-")
	if err != nil {
		return "", err
	}
	binaryDir = dir
	path := filepath.Join(dir, "ration")
	command := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-o", path, "github.com/ration-dev/ration/cmd/ration")
	command.Env = append(os.Environ(), "CGO_ENABLED=0") // as "make build" does
	out, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building ration: %w\n%s", err, out)
	}
	return path, nil
})

// Binary returns the path of the ration binary, built once per test process.
func Binary(t *testing.T) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// RemoveBinary removes what Binary built, if it did. Call it from TestMain, after
// all tests.
func RemoveBinary() {
	if binaryDir != "" {
		_ = os.RemoveAll(binaryDir)
	}
}

// CLI runs a ration command to its end and returns what it printed. It fails
// the test unless the command exits with 0.
func CLI(t *testing.T, db string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), Binary(t), args...)
	cmd.Env = append(os.Environ(), "RATION_DB="+db)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("ration %s: %v\n%s%s", strings.Join(args, " "), err, &stdout, &stderr)
	}
	return stdout.String()
}

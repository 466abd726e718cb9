package harness

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// binaryDir is where build puts the binary; empty before.
var binaryDir string

// binaryVariable names the binary to the tests of several packages, so that they
// need not build it each. "make test" sets it to what it has just built.
const binaryVariable = "RATION_TEST_BINARY"

var build = sync.OnceValues(func() (string, error) {
	if path := os.Getenv(binaryVariable); path != "" {
		return path, nil
	}
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

// Binary returns the path of the ration binary: that of RATION_TEST_BINARY, or one
// that is built once per test process.
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

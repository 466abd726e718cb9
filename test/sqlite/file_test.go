package sqlite_test

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/test/harness"
)

// TestServerWithoutItsFile takes the file of a server away, puts another one in
// its place, and puts it back.
func TestServerWithoutItsFile(t *testing.T) {
	s := newServer(t, t.TempDir())
	wantCall := func(want int) {
		t.Helper()
		if status := s.call(); status != want {
			t.Errorf("status %d, want %d", status, want)
		}
	}
	wantNotReady := func(reason string) {
		t.Helper()
		if status, body := s.get(s.APIURL+"/readyz", ""); status != http.StatusServiceUnavailable || !strings.Contains(body, reason) {
			t.Errorf("/readyz: %d %q, want 503 and %q", status, body, reason)
		}
	}
	wantCall(http.StatusOK)
	aside := s.path + ".aside"
	if err := os.Rename(s.path, aside); err != nil {
		t.Fatal(err)
	}
	wantCall(http.StatusServiceUnavailable)
	wantNotReady("deleted or moved")
	if err := os.WriteFile(s.path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wantCall(http.StatusServiceUnavailable)
	wantNotReady("replaced")
	if err := os.Rename(aside, s.path); err != nil {
		t.Fatal(err)
	}
	wantCall(http.StatusOK)
	s.wantCounted(2, 0)
}

// TestSecondServerIsRefused starts another server on the file, by each of its
// names.
func TestSecondServerIsRefused(t *testing.T) {
	s := newServer(t, t.TempDir())
	directory := t.TempDir()
	symbolic, hard := filepath.Join(directory, "symbolic.db"), filepath.Join(directory, "hard.db")
	if err := os.Symlink(s.path, symbolic); err != nil {
		t.Fatal(err)
	}
	start := func(path, says string) {
		t.Helper()
		command := exec.Command(harness.Binary(t), "serve", "--db", "sqlite:"+path, "--api-listen", "127.0.0.1:0")
		command.Dir = filepath.Dir(s.path)
		var output bytes.Buffer
		command.Stdout, command.Stderr = &output, &output
		_ = command.Run()
		if code := command.ProcessState.ExitCode(); code != 4 || !strings.Contains(output.String(), says) {
			t.Errorf("a second server on %q: exit code %d, want 4 and %q: %s", path, code, says, &output)
		}
	}
	const refusal = "only one server may run on a database file"
	start(s.path, refusal)
	start("./ration.db", refusal)
	start(symbolic, refusal)
	if err := os.Link(s.path, hard); err != nil {
		t.Fatal(err)
	}
	start(hard, "the file has 2 names (hard links)")
	if status := s.call(); status != http.StatusOK {
		t.Errorf("the first server: status %d", status)
	}
	if err := os.Remove(hard); err != nil {
		t.Fatal(err)
	}
	s.wantCounted(1, 0)
}

package harness

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Build is a build of ration: that of this source, or a former one.
type Build struct {
	Path  string // of its binary
	Clock string // a file that its clock follows, if it is built so; empty: the system's does
}

func (b Build) environment(db string) []string {
	variables := append(os.Environ(), "RATION_DB="+db)
	if b.Clock != "" {
		variables = append(variables, "STEPPED_CLOCK="+b.Clock)
	}
	return variables
}

// ThisBuild returns that of this source, built once per test process.
func ThisBuild(t *testing.T) Build {
	t.Helper()
	return Build{Path: Binary(t)}
}

// CLI runs a command of this source's build: see [Build.CLI].
func CLI(t *testing.T, db string, args ...string) string {
	t.Helper()
	return ThisBuild(t).CLI(t, db, args...)
}

// CLI runs a ration command to its end and returns what it printed. It fails
// the test unless the command exits with 0.
func (b Build) CLI(t *testing.T, db string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), b.Path, args...)
	cmd.Env = b.environment(db)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", b.Path, strings.Join(args, " "), err, &stdout, &stderr)
	}
	return stdout.String()
}

// CreateKey creates a key with "ration keys create" and more flags.
func (b Build) CreateKey(t *testing.T, db string, more ...string) Key {
	t.Helper()
	var created struct {
		Key    struct{ ID string }
		Secret string
	}
	out := b.CLI(t, db, append([]string{"keys", "create", "subject", "-o", "json"}, more...)...)
	if err := json.Unmarshal([]byte(out), &created); err != nil || created.Secret == "" {
		t.Fatalf("creating a key printed %q: %v", out, err)
	}
	return Key{ID: created.Key.ID, Secret: created.Secret}
}

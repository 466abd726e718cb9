package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/cli"
)

// hunter2 is in every input that holds a secret; nothing that is said may show it.
const hunter2 = "hunter2"

// input is one row: what somebody gives, and what they get.
type input struct {
	name        string // in the words of the row
	args        []string
	environment []string
	file        string // content of ration.yaml, if there is one
	code        int
	says        []string // on the standard error
}

// behaviour is a row that takes more than one command line.
type behaviour struct {
	name string
	try  func(*testing.T)
}

// TestInputs has a row for every kind of bad input that flags, settings, the
// environment and imports may be given. Nothing here ends TLS, so no row has a
// certificate: Ration stands behind what does, and has no setting for it.
func TestInputs(t *testing.T) {
	for _, row := range slices.Concat(flagInputs, configInputs, keyInputs) {
		t.Run(row.name, row.try)
	}
	for _, row := range slices.Concat(configBehaviours, keyBehaviours, usageBehaviours, databaseBehaviours, clockBehaviours) {
		t.Run(row.name, row.try)
	}
}

// try runs the command line in an empty directory.
func (i *input) try(t *testing.T) {
	t.Chdir(t.TempDir())
	args := i.args
	if i.file != "" {
		writeFile(t, "ration.yaml", i.file, 0o600)
		args = append(slices.Clone(args), "--config", "ration.yaml")
	}
	wants(t, runIn(t, i.environment, args...), i.code, i.says...)
	if found, err := filepath.Glob("*.db"); err != nil || len(found) > 0 {
		t.Errorf("databases %v, error %v; want none made", found, err)
	}
}

// runIn runs the command line with an environment.
func runIn(t *testing.T, environment []string, args ...string) invocation {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := cli.Main(t.Context(), args, strings.NewReader(""), &stdout, &stderr, environment)
	return invocation{code, stdout.String(), stderr.String()}
}

// wants checks the exit code and what is said, and that no secret is.
func wants(t *testing.T, got invocation, code int, says ...string) {
	t.Helper()
	if got.code != code {
		t.Errorf("exit code %d; want %d; it says %s", got.code, code, got.stderr)
	}
	for _, text := range says {
		if !strings.Contains(got.stderr, text) {
			t.Errorf("it says %q; want %q in it", got.stderr, text)
		}
	}
	if strings.Contains(got.stdout+got.stderr, hunter2) {
		t.Errorf("it shows a secret: %s%s", got.stdout, got.stderr)
	}
}

// writeFile writes a file with a mode, whatever the process's mask is.
func writeFile(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	setMode(t, path, mode)
}

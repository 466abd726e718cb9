package cli_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/cli"
)

// stopper ends a server once it has said all that it says at its start.
type stopper struct {
	bytes.Buffer
	stop func()
}

func (s *stopper) Write(text []byte) (int, error) {
	defer s.stop()
	return s.Buffer.Write(text)
}

// startDev runs the demo in a directory until it is up, and returns what came of it.
func startDev(t *testing.T, environment []string, args ...string) invocation {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stdout, stderr := stopper{stop: cancel}, bytes.Buffer{}
	args = append([]string{"dev", "--listen", "127.0.0.1:0", "--api-listen", "127.0.0.1:0"}, args...)
	code := cli.Main(ctx, args, strings.NewReader(""), &stdout, &stderr, environment)
	return invocation{code, stdout.String(), stderr.String()}
}

func TestDevUsesItsOwnDatabase(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("ration.yaml", []byte("db: sqlite:./file.db\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := startDev(t, []string{"RATION_DB=sqlite:./real.db"}, "--config", "ration.yaml")
	if got.code != 0 || strings.Contains(got.stderr, "note:") || !strings.Contains(got.stdout, "/ration-dev.db (start from scratch with --fresh)") {
		t.Errorf("got %+v; want its own database, and no note", got)
	}
	if found, err := filepath.Glob("*.db"); err != nil || len(found) != 1 || found[0] != "ration-dev.db" {
		t.Errorf("databases %v, error %v; want ration-dev.db alone", found, err)
	}
}

// TestDevSuggestsPathsThatTheAPIHas: the example API answers /hello, and another one
// hardly does.
func TestDevSuggestsPathsThatTheAPIHas(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "/hello -H 'X-API-Key: "},
		{[]string{"--upstream", "http://127.0.0.1:1"}, "/ -H 'X-API-Key: "},
	} {
		got := startDev(t, nil, test.args...)
		if got.code != 0 || strings.Count(got.stdout, test.want) != 2 || strings.Count(got.stdout, "/hello") != strings.Count(test.want, "/hello")*3 {
			t.Errorf("dev %v: got %+v; want two lines with %q", test.args, got, test.want)
		}
	}
}

func TestFreshDeletesNothingButTheDemo(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, path := range []string{"./ration.db", "./ration-dev.db"} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, db := range []string{"sqlite:./ration.db", "postgres://127.0.0.1:1/ration"} {
		got := startDev(t, nil, "--fresh", "--db", db)
		if got.code != 2 || !strings.Contains(got.stderr, "--fresh deletes the demo's own database, ./ration-dev.db, and no other") {
			t.Errorf("%s: got %+v; want it refused", db, got)
		}
	}
	if _, err := os.Stat("ration.db"); err != nil {
		t.Error(err)
	}
	if got := startDev(t, nil); got.code != 0 {
		t.Fatal(got.stderr)
	}
	if got := startDev(t, nil, "--fresh", "--db", "sqlite:ration-dev.db"); got.code != 0 || !strings.Contains(got.stdout, ", new\n") {
		t.Errorf("got %+v; want a new key", got)
	}
}

func TestDevIsCalledAgainAsItWasCalled(t *testing.T) {
	for program, want := range map[string]string{
		"ration": "ration", "bin/ration": "bin/ration", "/tmp/go-build12/b001/exe/ration": "go run ./cmd/ration",
	} {
		if got := cli.CalledAs(program); got != want {
			t.Errorf("%s: %s, want %s", program, got, want)
		}
	}
}

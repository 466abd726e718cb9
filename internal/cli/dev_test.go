package cli_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/cli"
	"github.com/ration-dev/ration/internal/demo"
	"github.com/ration-dev/ration/sqlite"
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

// TestDevSendsEventsToThisMachine: whoever tries webhooks has the receiver beside it. Another
// start gives the key a new secret, which is an event.
func TestDevSendsEventsToThisMachine(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var kind atomic.Value
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var message struct{ Type string }
		_ = json.NewDecoder(r.Body).Decode(&message) // what can't be read has no type
		kind.CompareAndSwap(nil, message.Type)
		cancel()
	}))
	defer receiver.Close()
	startDev(t, nil, "--empty")
	must(t, "sqlite:ration-dev.db", "webhooks", "create", receiver.URL)
	var stderr bytes.Buffer
	code := cli.Main(ctx, []string{"dev", "--listen", "127.0.0.1:0", "--api-listen", "127.0.0.1:0"}, strings.NewReader(""), io.Discard, &stderr, nil)
	if code != 0 || kind.Load() != "key.rotated" {
		t.Errorf("code %d; received %v, want key.rotated: %s", code, kind.Load(), &stderr)
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

// keysIn returns how many keys a database has, and how many of them are made up.
func keysIn(t *testing.T, path string) (all, madeUp int) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	page, err := store.ListKeys(t.Context(), admin.KeyFilter{})
	if err := errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
	for _, key := range page.Keys {
		if key.Metadata[demo.Mark] == "true" {
			madeUp++
		}
	}
	return len(page.Keys), madeUp
}

// TestDevMakesHistoryOnce: with its own new database, and with no other.
func TestDevMakesHistoryOnce(t *testing.T) {
	for _, row := range []struct {
		name   string
		args   []string
		before func(*testing.T)
		path   string
		made   bool
	}{
		{name: "a new database", made: true},
		{name: "an API of one's own", args: []string{"--upstream", "http://127.0.0.1:1"}, made: true},
		{name: "empty", args: []string{"--empty"}},
		{name: "from scratch", args: []string{"--fresh"}, before: func(t *testing.T) { startDev(t, nil, "--empty") }, made: true},
		{name: "a database that exists", before: func(t *testing.T) { startDev(t, nil, "--empty") }},
		{name: "another database", args: []string{"--db", "sqlite:own.db"}, path: "own.db"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if row.before != nil {
				row.before(t)
			}
			path := cmp.Or(row.path, "ration-dev.db")
			got := startDev(t, nil, row.args...)
			if said := strings.Contains(got.stdout, "history     a made-up month"); got.code != 0 || said != row.made {
				t.Fatalf("got %+v; want it to make a history: %t", got, row.made)
			}
			all, madeUp := keysIn(t, path)
			if all != madeUp+1 || (madeUp > 10) != row.made {
				t.Errorf("%d of %d keys are made up, want all but one: %t", madeUp, all, row.made)
			}
			if left, err := filepath.Glob("*.making-*"); err != nil || len(left) != 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
			if again := startDev(t, nil, slices.DeleteFunc(slices.Clone(row.args), func(arg string) bool { return arg == "--fresh" })...); again.code != 0 || strings.Contains(again.stdout, "made-up") {
				t.Errorf("the second start: %+v; want no history", again)
			}
			if after, _ := keysIn(t, path); after != all {
				t.Errorf("%d keys after a second start, %d before", after, all)
			}
		})
	}
}

// TestDevSaysWhyItHasNoHistory where another command has made the database.
func TestDevSaysWhyItHasNoHistory(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "sqlite:./ration-dev.db", "tokens", "create", "mine", "--scope", "read")
	const why = "history     none, because the database was there before"
	if got := startDev(t, nil); got.code != 0 || !strings.Contains(got.stdout, why) {
		t.Errorf("got %+v; want it said", got)
	}
	if got := startDev(t, nil); got.code != 0 || strings.Contains(got.stdout, why) {
		t.Errorf("the second start: %+v; want nothing of it", got)
	}
	if tokens := must(t, "sqlite:./ration-dev.db", "tokens", "list"); !strings.Contains(tokens, "mine") {
		t.Errorf("the token is gone: %s", tokens)
	}
	if got := startDev(t, nil, "--fresh", "--empty"); got.code != 0 || strings.Contains(got.stdout, "history     ") {
		t.Errorf("without a history as asked: %+v", got)
	}
}

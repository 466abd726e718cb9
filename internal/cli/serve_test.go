package cli_test

import (
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/sqlite"
)

// TestServeSaysWhichDatabaseItHas, because in a wrong directory a new one would look
// as if all keys were lost.
func TestServeSaysWhichDatabaseItHas(t *testing.T) {
	t.Chdir(t.TempDir())
	path, err := filepath.Abs("ration.db")
	if err != nil {
		t.Fatal(err)
	}
	wantLogged := func(log string, lines ...string) {
		t.Helper()
		for _, line := range lines {
			if !strings.Contains(log, line) {
				t.Errorf("%q is not in\n%s", line, log)
			}
		}
	}
	first := startServer(t, nil).stop().stderr
	wantLogged(first, "created a new, empty database path="+path, `database="SQLite file `+path+`"`, "no proxy runs", "--upstream")
	must(t, "sqlite:ration.db", "keys", "create", "a")
	second := startServer(t, nil, "--upstream", "http://127.0.0.1:1", "--listen", "127.0.0.1:0").stop().stderr
	wantLogged(second, `found the database database="SQLite file `+path+`" keys=1`)
	if strings.Contains(second, "no proxy runs") || strings.Contains(second, "created") {
		t.Errorf("a second start, with an upstream, says\n%s", second)
	}
}

// TestServeSaysHowToChooseAnotherAddress where a program has its own already.
func TestServeSaysHowToChooseAnotherAddress(t *testing.T) {
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	address := taken.Addr().String()
	for _, row := range []struct {
		args []string
		want []string
	}{
		{[]string{"--api-listen", address}, []string{"choose another address with --api-listen (in a file: api_listen)"}},
		{[]string{"--api-listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:1", "--listen", address}, []string{"choose another address with --listen (in a file: listen)"}},
		{[]string{"--api-listen", address, "--upstream", "http://127.0.0.1:1", "--listen", address}, []string{"--api-listen (in a file: api_listen)", "--listen (in a file: listen)"}},
	} {
		got := invoke(t, "sqlite:"+filepath.Join(t.TempDir(), "ration.db"), append([]string{"serve"}, row.args...)...)
		if got.code != 1 || !strings.Contains(got.stderr, address) {
			t.Errorf("%q: exit code %d, %s", row.args, got.code, got.stderr)
		}
		for _, want := range row.want {
			if !strings.Contains(got.stderr, want) {
				t.Errorf("%q: it doesn't say %q: %s", row.args, want, got.stderr)
			}
		}
	}
}

// TestServeWaitsForACommandThatHasTheFile has the file open without being a server, as
// a command does while it runs.
func TestServeWaitsForACommandThatHasTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ration.db")
	command, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	s := launchServer(t, []string{"RATION_DB=sqlite:" + path})
	s.log.await(t, "waiting for it to end")
	if err := command.Close(); err != nil {
		t.Fatal(err)
	}
	s.awaitUp()
	second := invoke(t, "sqlite:"+path, "serve", "--api-listen", "127.0.0.1:0")
	wants(t, second, 4, "only one server may run")
	if strings.Contains(second.stderr, "waiting") {
		t.Errorf("a second server is not refused at once: %s", second.stderr)
	}
}

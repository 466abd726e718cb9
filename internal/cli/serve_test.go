package cli_test

import (
	"path/filepath"
	"strings"
	"testing"
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

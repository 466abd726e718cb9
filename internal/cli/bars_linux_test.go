package cli_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/cli"
	"github.com/ration-dev/ration/sqlite"
)

// TestBarsCompareRowsInATerminal of any width, in colour unless that is not wanted, and
// nowhere else.
func TestBarsCompareRowsInATerminal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ration.db")
	database := "sqlite:" + path
	for owner, requests := range map[string]int64{"ada": 800, "bob": 400, "cleo": 1} {
		use(t, path, must(t, database, "keys", "create", "k", "--owner", owner, "--unlimited"), requests)
	}
	full := strings.Repeat("█", 40)
	for _, row := range []struct {
		name        string
		width       uint16
		environment []string
		ada, bob    string
	}{
		{"wide", 200, nil, "\x1b[36m" + full + "\x1b[0m", "\x1b[36m" + strings.Repeat("█", 20) + "\x1b[0m"},
		{"without colour", 200, []string{"NO_COLOR=1"}, full, strings.Repeat("█", 20)},
		{"dumb", 200, []string{"TERM=dumb"}, full, strings.Repeat("█", 20)},
		{"narrow", 68, []string{"NO_COLOR=1"}, strings.Repeat("█", 14), strings.Repeat("█", 7)},
		{"too narrow", 50, nil, "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			shown := inTerminal(t, row.width, append(row.environment, "RATION_DB="+database), "usage", "--group-by", "owner")
			for line := range strings.Lines(shown) {
				line = strings.TrimRight(line, "\r\n")
				_, bar, _ := strings.Cut(line, "Z  ")
				want := map[string]string{"ada": row.ada, "bob": row.bob}
				if owner, _, _ := strings.Cut(line, " "); want[owner] != "" && bar != want[owner] {
					t.Errorf("%q ends with %q, want %q", line, bar, want[owner])
				}
				if row.ada == "" && strings.Contains(line, "█") {
					t.Errorf("there is no room for a bar: %q", line)
				}
				if len(row.environment) > 0 && utf8.RuneCountInString(line) >= int(row.width) {
					t.Errorf("%q is wider than the terminal", line)
				}
			}
			if !strings.Contains(shown, "TOTAL") || row.ada != "" && !strings.Contains(shown, "▏") {
				t.Errorf("no totals, or no bar for very little:\n%s", shown)
			}
		})
	}
	if piped := must(t, database, "usage", "--group-by", "owner"); strings.ContainsAny(piped, "█▏\x1b") || !strings.Contains(piped, "TOTAL") {
		t.Errorf("what is no terminal gets\n%s", piped)
	}
}

// inTerminal runs the command line with its output in a terminal, and returns what
// that shows.
func inTerminal(t *testing.T, width uint16, environment []string, args ...string) string {
	t.Helper()
	person, program := terminal(t)
	if err := unix.IoctlSetWinsize(int(program.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: width}); err != nil {
		t.Fatal(err)
	}
	shown := make(chan string)
	go func() { // a terminal that nobody reads would be full
		var text bytes.Buffer
		buffer := make([]byte, 4096)
		for !bytes.Contains(text.Bytes(), []byte("\x04")) {
			n, err := person.Read(buffer)
			text.Write(buffer[:n])
			if err != nil {
				break
			}
		}
		shown <- text.String()
	}()
	var stderr bytes.Buffer
	if code := cli.Main(t.Context(), args, strings.NewReader(""), program, &stderr, environment); code != 0 {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
	if _, err := program.WriteString("\x04"); err != nil {
		t.Fatal(err)
	}
	return <-shown
}

// use charges a key once.
func use(t *testing.T, path, secret string, requests int64) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	engine := ration.NewEngine(store, ration.EngineConfig{})
	charge := ration.Charge{Secret: ration.SecretFromText(secret), Amounts: []ration.Amount{{Meter: ration.MeterRequests, Units: requests}}}
	if decision, err := engine.Charge(t.Context(), charge); err != nil || decision.Code != ration.CodeOK {
		t.Fatalf("got %+v, %v", decision, err)
	}
	if err := engine.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

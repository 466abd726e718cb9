package cli_test

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/cli"
)

// passwords have what ends a password for one reader and not for another.
var passwords = []string{
	"c@naryPASS", "kqz/aryPASS", "kqz?aryPASS", "kqz#aryPASS", "kqz%aryPASS", "kqz:aryPASS", "kqz aryPASS", "kqzÄryPASS", "kqz\naryPASS", "kqz&aryPASS=x", "kqz'aryPASS", "plainkqzaryPASS",
}

// shows returns four characters in a row of a password that a text shows, or "".
func shows(text, password string) string {
	letters := []rune(password)
	for i := 0; i+4 <= len(letters); i++ {
		if part := string(letters[i : i+4]); strings.Contains(text, part) {
			return part
		}
	}
	return ""
}

// TestNoCommandShowsAPassword gives each command locations that are well written,
// badly written and in the wrong place. Nothing listens at port 1.
func TestNoCommandShowsAPassword(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, password := range passwords {
		for _, location := range []string{
			"postgres://u:" + password + "@127.0.0.1:1/d",
			"postgres://u:" + url.QueryEscape(password) + "@127.0.0.1:1/d?sslmode=disable&connect_timeout=1",
			"postgres://127.0.0.1:1/d?password=" + password,
			"host=127.0.0.1 port=1 password=" + password,
			"http://u:" + password + "@127.0.0.1:1",
			"u:" + password + "@127.0.0.1:1",
		} {
			file := filepath.Join(t.TempDir(), "ration.yaml")
			if err := os.WriteFile(file, []byte("upstream: |-\n  "+strings.ReplaceAll(location, "\n", "\n  ")+"\ndb: \""+location+"\"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, command := range []struct {
				args        []string
				environment []string
			}{
				{args: []string{"config", "check", "--config", file}},
				{args: []string{"doctor", "--db", location}},
				{args: []string{"migrate"}, environment: []string{"RATION_DB=" + location}},
				{args: []string{"serve", "--upstream", location, "--db", "sqlite:none/x.db"}},
				{args: []string{"serve", "--listen", location}},
				{args: []string{"migrate", location}},
				{args: []string{location}},
				{args: []string{"keys", location}},
				{args: []string{"--database=" + location, "doctor"}},
				{args: []string{"--config", location, "doctor"}},
				{args: []string{"doctor"}, environment: []string{"RATION_CONFIG=" + location}},
				{args: []string{"copy", "--from", location, "--to", "sqlite:x.db"}},
				{args: []string{"copy", "--from", "sqlite:x.db", "--to", "env:TARGET"}, environment: []string{"TARGET=" + location}},
				{args: []string{"keys", "import", location}},
				{args: []string{"keys", "import", "env:SOURCE", "--table", "t", "--mapping", location}, environment: []string{"SOURCE=" + location}},
				{args: []string{"backup", location}, environment: []string{"RATION_DB=sqlite:none.db"}},
				{args: []string{"restore", location}},
				{args: []string{"keys", "show", location}, environment: []string{"RATION_DB=sqlite:none.db"}},
			} {
				if strings.Contains(location, "connect_timeout") && command.environment == nil && command.args[0] == "migrate" {
					continue
				}
				result := runIn(t, command.environment, command.args...)
				if part := shows(result.stdout+result.stderr, password); part != "" {
					t.Errorf("ration %q, %q: shows %q:\n%s%s", command.args, command.environment, part, result.stdout, result.stderr)
				}
				if result.code == 0 {
					t.Errorf("ration %q: exit code 0", command.args)
				}
			}
		}
	}
}

// TestNoCommandShowsAPasswordInThePathOfAFile gives every command a location that is
// neither a path nor a URL, by each way in which one is given.
func TestNoCommandShowsAPasswordInThePathOfAFile(t *testing.T) {
	t.Chdir(t.TempDir())
	const password = "sEcr3tkqz"
	for _, location := range []string{
		"sqlite://u:" + password + "@/nonexist/x", "sqlite:postgres://u:" + password + "@127.0.0.1:1/d", "sqlite:/nonexist/x?_auth_pass=" + password,
		"sqlite:host=h password=" + password, "sqlite3://u:" + password + "@/x",
	} {
		if err := os.WriteFile("ration.yaml", []byte("db: '"+location+"'\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, command := range cli.Commands() {
			if command[0] == "dev" { // it has a database of its own, and runs
				continue
			}
			for _, way := range []struct{ environment, args []string }{
				{args: append(slices.Clone(command), "--db", location)},
				{args: append(slices.Clone(command), "x", "--db="+location)},
				{args: command, environment: []string{"RATION_DB=" + location}},
				{args: append(slices.Clone(command), "--config", "ration.yaml")},
				{args: append(slices.Clone(command), "--from", location, "--to", location)},
				{args: append(slices.Clone(command), location, "--table", "t")},
			} {
				result := runIn(t, way.environment, way.args...)
				if part := shows(result.stdout+result.stderr, password); part != "" {
					t.Errorf("ration %q, %q: shows %q:\n%s%s", way.args, way.environment, part, result.stdout, result.stderr)
				}
			}
		}
	}
}

func TestFilesThatAreNoneEndWithASentence(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Symlink("loop", "loop"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("large", make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("keys.csv", []byte("secret,name\nabc,a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"config", "check", "--config", "/dev/zero"}, 3, "is a device"},
		{[]string{"config", "check", "--config", "."}, 3, "is a directory"},
		{[]string{"config", "check", "--config", "loop"}, 3, "symbolic links"},
		{[]string{"config", "check", "--config", "large"}, 3, "is larger than 1024 KiB"},
		{[]string{"doctor", "--config", "/dev/random"}, 3, "is a device"},
		{[]string{"serve", "--pepper-file", "/dev/zero"}, 3, "use a regular file"},
		{[]string{"keys", "import", "/dev/zero"}, 1, "is a device"},
		{[]string{"keys", "import", "."}, 1, "is a directory"},
		{[]string{"usage", "import", "/dev/zero"}, 1, "is a device"},
		{[]string{"keys", "import", "keys.csv", "--mapping", "/dev/zero"}, 3, "is a device"},
	} {
		result := runIn(t, []string{"RATION_DB=sqlite:ration.db"}, row.args...)
		if result.code != row.code || !strings.Contains(result.stderr, row.says) {
			t.Errorf("ration %q: exit code %d, want %d with %q:\n%s", row.args, result.code, row.code, row.says, result.stderr)
		}
	}
}

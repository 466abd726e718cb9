package cli_test

import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/cli"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/sqlite"
)

// runnable returns the words of all commands that do something.
func runnable() [][]string { return append(cli.Commands(), []string{"usage"}) }

// TestEveryExampleWorks runs what the help of each command shows, line after line, on a
// database that has what the lines need. What doesn't end, or needs a server, is only
// read, as the command reads it before it begins.
func TestEveryExampleWorks(t *testing.T) {
	seeded := seed(t)
	for _, words := range runnable() {
		name := strings.Join(words, " ")
		if name == "help" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			cmd, _, err := cli.Command(words...)
			if err != nil {
				t.Fatal(err)
			}
			examples := linesOf(cmd.Example)
			if len(examples) == 0 {
				t.Fatal("its help has no example")
			}
			place := seeded.copy(t, made[name])
			if name == "keys update" {
				must(t, "sqlite:ration.db", "keys", "create", "one without a limit")
			}
			for _, example := range examples {
				if name == "keys approve" || name == "keys reject" {
					example = strings.ReplaceAll(example, "key_…", askedKey(t, place.dir))
				}
				args := shellWords(t, place.replace(example))
				if args[0] != "ration" || !slices.Equal(args[1:1+len(words)], words) {
					t.Fatalf("%q is no example of this command", example)
				}
				if !endsAlone(name, example) {
					checkArguments(t, args[1:])
					continue
				}
				if cmd.Flags().Lookup("yes") != nil && !slices.Contains(args, "--yes") {
					args = append(args, "--yes") // a person would be asked
				}
				if done := runIn(t, []string{"RATION_DB=sqlite:ration.db", "HOME=" + place.dir}, args[1:]...); done.code != 0 {
					t.Errorf("%s: exit code %d: %s%s", example, done.code, done.stdout, done.stderr)
				}
			}
		})
	}
}

// askedKey returns the id of a key that somebody has asked for.
func askedKey(t *testing.T, dir string) string {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(dir, "ration.db")})
	if err != nil {
		t.Fatal(err)
	}
	asked, err := admin.New(store, admin.Config{}).AskForKey(t.Context(), admin.KeyAsking{Name: "Ada", Email: "ada@example.com"})
	if err := errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
	return asked.Request.KeyID.String()
}

func linesOf(example string) (lines []string) {
	for line := range strings.Lines(example) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// endsAlone reports whether an example ends, and needs nothing but a database and files: no
// server, and nobody who is logged in.
func endsAlone(command, example string) bool {
	return !slices.Contains([]string{"dev", "serve", "health", "copy", "sessions end", "events follow"}, command) && !strings.Contains(example, "env:") && !strings.Contains(example, "0197c0de-")
}

// checkArguments wants arguments that their command takes.
func checkArguments(t *testing.T, args []string) {
	t.Helper()
	cmd, rest, err := cli.Command(args...)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.ParseFlags(rest); err != nil {
		t.Errorf("%q: %v", args, err)
	} else if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
		t.Errorf("%q: %v", args, err)
	}
}

// shellWords splits a line as a shell does, up to where its output goes.
func shellWords(t *testing.T, line string) (words []string) {
	t.Helper()
	for _, word := range regexp.MustCompile(`"[^"]*"|'[^']*'|\S+`).FindAllString(line, -1) {
		if word == ">" || word == ">>" || word == "|" {
			break
		}
		words = append(words, strings.Trim(word, `"'`))
	}
	return words
}

// made is what the examples of a command make, and must not be there before.
var made = map[string]string{
	"plans create": "ration.db", "restore": "ration.db", "backup": "ration-2030-01-31.db", "config profiles add": profilesOfHome,
}

// profilesOfHome is where profiles are on Linux.
const profilesOfHome = ".config/ration/profiles.yaml"

// place is a directory with all that examples name.
type place struct{ dir, key, secret, job string }

// replace puts what is there into an example.
func (p place) replace(example string) string {
	return strings.NewReplacer("key_…", p.key, "sec_…", p.secret, "0197c0de-…", p.job,
		"/backups", p.dir, "/etc/ration", p.dir, "/usr/local/share/man", p.dir).Replace(example)
}

// copy makes the directory again, for one test and without a file, and works in it.
func (p place) copy(t *testing.T, without string) place {
	t.Helper()
	p2 := place{t.TempDir(), p.key, p.secret, p.job}
	if err := os.CopyFS(p2.dir, os.DirFS(p.dir)); err != nil {
		t.Fatal(err)
	}
	if without != "" {
		if err := os.Remove(filepath.Join(p2.dir, without)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{".", "ration.db", "ration.db.lock", "production.token", "staging.token", profilesOfHome} { // others must not read them
		if err := os.Chmod(filepath.Join(p2.dir, name), 0o700); err != nil && !errors.Is(err, fs.ErrNotExist) { //nolint:gosec // a directory has to be entered
			t.Fatal(err)
		}
	}
	t.Chdir(p2.dir)
	return p2
}

// exampleFiles are the files that examples name.
var exampleFiles = map[string]string{
	"ration.yaml":      "upstream: http://127.0.0.1:3000\n",
	"keys.csv":         "secret,name\nexample-secret-of-bob-1234,bob\n",
	"users.csv":        "secret,name,email,tier\nexample-secret-of-carol-1234,Carol,carol@example.com,\n",
	".env":             "API_KEYS={\"example-secret-of-carol-1234\": {\"name\": \"carol\"}}\n",
	"import.yaml":      "secret: secret\nname: name\n",
	"plans.yaml":       "plans:\n  - name: free\n    limits: [9/day]\n  - name: pro\n    limits: [90/day]\n",
	"counts.csv":       "key,date,request_count\nexample-secret-of-alice-1234,2025-01-31,5\n",
	"production.token": "rk_token_x", "staging.token": "rk_token_y",
	profilesOfHome: "profiles:\n  production: {server: https://ration.example.com, token: rk_token_x}\n  staging: {server: https://staging.example.com, token: rk_token_y}\n",
	"usage.yaml":   "key: key\ndate: date\nrequest_count: request_count\n",
}

// seed makes a directory with the database and the files.
func seed(t *testing.T) place {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.MkdirAll(filepath.Dir(profilesOfHome), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range exampleFiles {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("alice.csv", []byte("secret,name\nexample-secret-of-alice-1234,alice\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	makeTables(t, "app.db")
	const db = "sqlite:ration.db"
	must(t, db, "meters", "set", "seconds", "--unit", "0.001")
	must(t, db, "plans", "create", "free", "--limit", "1000/day", "--limit", "5 tokens/month")
	must(t, db, "plans", "create", "pro", "--limit", "5000/day")
	must(t, db, "plans", "create", "old", "--limit", "1/day")
	must(t, db, "tokens", "create", "gateway", "--scope", "verify")
	must(t, db, "keys", "create", "Alice's laptop", "--owner", "alice", "--plan", "free", "--label", "mobile")
	key := must(t, db, "keys", "list", "-q")
	must(t, db, "keys", "update", key, "--limit", "3000/day")
	must(t, db, "keys", "create", "robot", "--owner", "acme", "--plan", "free")
	must(t, db, "keys", "import", "alice.csv", "--plan", "free")
	job := must(t, db, "keys", "update", "--select", "owner=acme", "--metadata", "a=1", "--background", "--yes", "-q")
	shown := must(t, db, "keys", "show", key, "-o", "json")
	must(t, db, "backup", "ration-2030-01-31.db")
	secret := regexp.MustCompile(`sec_[0-9a-f-]+`).FindString(shown)
	if key == "" || secret == "" {
		t.Fatalf("no key or secret in %s", shown)
	}
	return place{dir, key, secret, job}
}

// makeTables makes a SQLite database of another system.
func makeTables(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), `
		CREATE TABLE api_keys (secret text, name text);
		INSERT INTO api_keys VALUES ('example-secret-of-dave-1234', 'dave');
		CREATE TABLE daily_usage (key text, date text, request_count integer);
		INSERT INTO daily_usage VALUES ('example-secret-of-alice-1234', '2025-01-31', 7)`)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestHelpOfDevIsShort: who tries it needs few flags, and can have all.
func TestHelpOfDevIsShort(t *testing.T) {
	help := runIn(t, nil, "dev", "--help").stdout
	for _, text := range []string{"  --upstream URL", "  --fresh", "  --empty", "  --listen host:port", "  --admin-listen host:port", "(default sqlite:./ration-dev.db)", "'ration serve --help' lists them"} {
		if !strings.Contains(help, text) {
			t.Errorf("it lacks %q:\n%s", text, help)
		}
	}
	if strings.Contains(help, "./ration.db") || strings.Count(help, "\n") > 50 {
		t.Errorf("it names another database, or is long:\n%s", help)
	}
	t.Chdir(t.TempDir())
	if done := runIn(t, nil, "dev", "--cors-origins", "nonsense"); strings.Contains(done.stderr, "unknown flag") || done.code == 0 {
		t.Errorf("a flag of 'ration serve': exit code %d: %s", done.code, done.stderr)
	}
}

// TestHelpOfServersBeginsWithWhatIsNeededDaily: everything else is there too, once.
func TestHelpOfServersBeginsWithWhatIsNeededDaily(t *testing.T) {
	for _, command := range []string{"serve"} {
		help := runIn(t, nil, command, "--help").stdout
		_, flags, found := strings.Cut(help, "Needed daily:\n")
		daily, others, divided := strings.Cut(flags, "\n\n")
		if !found || !divided {
			t.Fatalf("help of %s has no part for what is needed daily:\n%s", command, help)
		}
		for _, name := range []string{"--upstream URL", "--listen host:port", "--api-listen host:port", "--db string", "--config string", "--log-level "} {
			if !strings.Contains(daily, "  "+name) || strings.Contains(others, "  "+name) {
				t.Errorf("help of %s does not begin with %s, or has it twice", command, name)
			}
		}
		for _, setting := range config.Settings() {
			if strings.Count(help, "  "+setting.Flag()+" ") != 1 {
				t.Errorf("help of %s does not have %s exactly once", command, setting.Flag())
			}
		}
		if lines := strings.Count(daily, "\n"); lines > 20 {
			t.Errorf("%d lines are needed daily", lines)
		}
	}
}

// TestHelpOfTheRootSaysWhereToStart: each command is under a heading.
func TestHelpOfTheRootSaysWhereToStart(t *testing.T) {
	help := runIn(t, nil, "--help").stdout
	if strings.Contains(help, "Additional Commands:") || !strings.Contains(help, "\nStart here:\n  dev ") {
		t.Errorf("it says\n%s", help)
	}
	for _, words := range cli.Commands() {
		if !strings.Contains(help, "\n  "+words[0]+" ") {
			t.Errorf("it doesn't have %s", words[0])
		}
	}
}

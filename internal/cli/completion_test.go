package cli_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// inBash completes lines as bash does when the tab key is pressed.
const inBash = `
source /usr/share/bash-completion/bash_completion
source <(ration completion bash)
compopt() { :; } # it works only where a key was pressed
for line; do
  echo "== $line"
  COMP_LINE="$line" COMP_POINT=${#line} COMP_TYPE=9 COMP_KEY=9 COMPREPLY=()
  read -ra COMP_WORDS <<<"$line"
  [[ $line != *" " ]] || COMP_WORDS+=("")
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  __start_ration
  printf '%s\n' "${COMPREPLY[@]}"
done
`

const inFish = `
ration completion fish | source
for line in $argv
  echo "== $line"
  complete --do-complete $line
end
`

// TestShellsCompleteWhatIsInTheDatabase asks the shells themselves.
func TestShellsCompleteWhatIsInTheDatabase(t *testing.T) {
	dir := t.TempDir()
	database := "sqlite:" + filepath.Join(dir, "ration.db")
	must(t, database, "plans", "create", "free", "--limit", "5/day", "--limit", "9 tokens/day")
	must(t, database, "plans", "create", "pro", "--limit", "9/day")
	secret := must(t, database, "keys", "create", "Alice's laptop", "--owner", "alice", "--plan", "free")
	alice := must(t, database, "keys", "list", "-q")
	must(t, database, "keys", "create", "robot", "--owner", "acme")
	robot := must(t, database, "keys", "list", "-q", "--owner", "acme")
	must(t, database, "tokens", "create", "gateway", "--scope", "verify")
	environment := program(t, dir)
	var lines []string
	want := make(map[string][]string)
	for _, row := range []struct {
		line string
		want []string
	}{
		{"ration keys show key_", []string{alice, robot}},
		{"ration keys show " + robot[:len(robot)-2], []string{robot}},
		{"ration keys show rob", []string{"robot"}},
		{"ration keys create x --plan ", []string{"free", "pro"}},
		{"ration keys list --owner a", []string{"acme", "alice"}},
		{"ration usage --meter t", []string{"tokens"}},
		{"ration plans list -o c", []string{"csv"}},
		{"ration tokens revoke ", []string{"gateway"}},
		{"ration jobs list --state c", []string{"cancelled"}},
		{"ration reservations --state s", []string{"settled"}},
		{"ration webhooks deliveries --state d", []string{"delivered", "dead"}},
		{"ration webhooks deliveries --state o", nil},
	} {
		lines, want[row.line] = append(lines, row.line), row.want
	}
	for shell, script := range map[string][]string{"bash": {"--norc", "-c", inBash, "bash"}, "fish": {"--no-config", "-c", inFish}} {
		cmd := exec.CommandContext(t.Context(), shell, append(script, lines...)...)
		cmd.Dir = dir
		cmd.Env = slices.Concat(environment, []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "HOME=" + dir, "TERM=dumb"})
		shown, err := cmd.CombinedOutput()
		if err != nil || strings.Contains(string(shown), secret) {
			t.Errorf("%s: %v, or a secret is shown: %s", shell, err, shown)
		}
		anyOrder := cmpopts.SortSlices(func(a, b string) bool { return a < b })
		if diff := cmp.Diff(want, choices(string(shown)), anyOrder, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", shell, diff)
		}
	}
}

// choices returns the first word of each choice, by the line that was to be completed:
// the rest says what it is.
func choices(shown string) map[string][]string {
	found := make(map[string][]string)
	var asked string
	for line := range strings.Lines(shown) {
		line = strings.TrimSuffix(line, "\n")
		if next, isLine := strings.CutPrefix(line, "== "); isLine {
			asked = next
			found[asked] = nil
			continue
		}
		line, _, _ = strings.Cut(line, "\t")
		if line, _, _ = strings.Cut(line, " "); line != "" {
			found[asked] = append(found[asked], line)
		}
	}
	return found
}

// program puts the program into a directory, under its own name, and returns its
// environment: the program that was built for the tests if there is one, for a
// completion has only 2 seconds.
func program(t *testing.T, dir string) (environment []string) {
	t.Helper()
	environment = slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "RATION_") })
	built, err := os.Getenv("RATION_TEST_BINARY"), error(nil)
	if built == "" {
		environment = append(environment, asProgram+"=1")
		built, err = os.Executable()
	}
	if err == nil {
		err = os.Symlink(built, filepath.Join(dir, "ration"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return environment
}

// TestCompletionIsSilentAndCreatesNothing where there is no database, and where one
// never answers.
func TestCompletionIsSilentAndCreatesNothing(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "other.db"), strings.Repeat("this is no database\n", 1000), 0o600)
	writeFile(t, filepath.Join(dir, "broken.yaml"), "listen: [", 0o600)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	for _, line := range [][]string{
		{"--db", "sqlite:" + filepath.Join(dir, "missing.db"), "keys", "show", ""},
		{"--db", "sqlite:" + filepath.Join(dir, "missing.db"), "keys", "create", "x", "--plan", ""},
		{"--db", "sqlite:" + filepath.Join(dir, "other.db"), "keys", "list", "--owner", ""},
		{"--db", "nonsense://x", "plans", "show", ""},
		{"--config", filepath.Join(dir, "broken.yaml"), "usage", "--meter", ""},
		{"--db", "postgres://ration:" + hunter2 + "@" + listener.Addr().String() + "/ration?sslmode=disable", "plans", "show", ""}, // it accepts, and is silent
	} {
		done := runIn(t, nil, append([]string{"__complete"}, line...)...)
		if done.code != 0 || done.stdout != ":4\n" || strings.Contains(done.stderr, hunter2) {
			t.Errorf("%q: %+v; want no choices", line, done)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "missing*")); err != nil || len(left) > 0 {
		t.Errorf("%q was created, %v", left, err)
	}
}

// TestKeysAreCompletedAmongAnyNumber: those that begin as they were begun, wherever
// they are.
func TestKeysAreCompletedAmongAnyNumber(t *testing.T) {
	dir := t.TempDir()
	database := "sqlite:" + filepath.Join(dir, "ration.db")
	var rows strings.Builder
	for i := range 1100 { // more than one list has
		rows.WriteString("made-elsewhere-" + strings.Repeat("x", 20) + string(rune('a'+i%26)) + strings.Repeat("y", i/26) + ",k\n")
	}
	writeFile(t, filepath.Join(dir, "keys.csv"), "secret,name\n"+rows.String(), 0o600)
	must(t, database, "keys", "import", filepath.Join(dir, "keys.csv"), "--unlimited")
	must(t, database, "keys", "create", "last", "--unlimited")
	id := must(t, database, "keys", "list", "--name", "last", "-q")
	environment := program(t, dir)
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "ration"), "__complete", "keys", "show", id[:len(id)-1])
	cmd.Dir, cmd.Env = dir, environment
	if shown, err := cmd.Output(); err != nil || !strings.HasPrefix(string(shown), id+"\tlast\n") {
		t.Errorf("it is not found: %s, %v", shown, err)
	}
}

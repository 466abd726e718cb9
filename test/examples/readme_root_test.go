//go:build unix

package examples_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/test/harness"
)

// TestCommandsOfTheREADMEWork runs the console blocks of the repository's own page one
// after another in one shell, before an API, with what stands for "…" filled in.
func TestCommandsOfTheREADMEWork(t *testing.T) {
	t.Parallel()
	dir, bin := t.TempDir(), t.TempDir()
	link(t, harness.Binary(t), filepath.Join(bin, "ration"))
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "an answer for "+r.Header.Get("X-Auth-Subject"))
	}))
	t.Cleanup(upstream.Close)
	proxy, verify := freePort(t), freePort(t)
	second, third := freePort(t), freePort(t) // of the server on PostgreSQL
	write(t, filepath.Join(dir, "keys.csv"), "name,secret\nCarol,carols-own-secret-of-24\n")
	write(t, filepath.Join(dir, "plans.yaml"), "plans:\n  - name: free\n    limits: [1000/day, 10/second burst 20, 5 at once]\n")
	environment := slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "RATION_") })
	environment = append(environment, "PATH="+bin+":"+os.Getenv("PATH"), "no_proxy=127.0.0.1",
		"RATION_LISTEN=127.0.0.1:"+proxy, "RATION_API_LISTEN=127.0.0.1:"+verify, "POSTGRES="+testdb.Postgres(t))

	fill := strings.NewReplacer(
		"http://127.0.0.1:8000", upstream.URL, "127.0.0.1:8080", "127.0.0.1:"+proxy, "127.0.0.1:8081", "127.0.0.1:"+verify,
		`"rk_…"`, `"'"$KEY"'"`, "key_…", "$ID", "019a…", "$RESERVATION",
		"'postgres://ration:…@db.internal/ration'", `"$POSTGRES"`,
	)
	var script strings.Builder
	for _, command := range consoleCommands(t, "../../README.md") {
		for _, change := range changes {
			if strings.HasPrefix(command, change.command) {
				command = change.to(command)
			}
		}
		script.WriteString(fill.Replace(command) + "\n")
	}
	fmt.Fprintf(&script, "until RATION_API_LISTEN=127.0.0.1:%s ration health; do sleep 0.1; done\n", third)
	text := strings.Replace(script.String(), "ration migrate\n", fmt.Sprintf("export RATION_LISTEN=127.0.0.1:%s RATION_API_LISTEN=127.0.0.1:%s\nration migrate\n", second, third), 1)
	printed := runShell(t, dir, text, environment)
	for _, pattern := range []string{
		`HTTP/1\.1 200 OK`, `(?i)ratelimit: "requests-rate-second";r=19;t=\d+, "requests-day";r=999;`, "an answer for alice",
		`"allowed":true,"code":"ok","key":\{"id":"key_`, `"reservation":\{"id":"[^"]+",.*"state":"open"`, `"state":"settled",.*"settled":\{"requests":1,"tokens":1234\}`,
		"5000/day +2040", `(?m)^rk_\w+$`, "It would be refused: key_revoked", ",alice,tokens,2434,", "key.revoke", "key.reset", `"5 at once"`, "permissions +ok", "(?m)^ready$",
	} {
		if !regexp.MustCompile(pattern).MatchString(printed) {
			t.Errorf("%q is not in:\n%s", pattern, printed)
		}
	}
}

// changes are made to commands of the page so that a test can run them. Those that are
// run by other tests are left out.
var changes = []struct {
	command string // the beginning of one
	to      func(string) string
}{
	{"go run ./cmd/ration dev", leftOut}, // TestDevShowsWhatItSaysAndRemembersAfterAKill
	{"make build", leftOut},              // the test's binary is in the PATH
	{"make test", leftOut},               // this
	{"ration plans create free", func(c string) string { return c + "\nration plans create pro --limit 10000/day" }},
	{"ration keys reset", confirmed},
	{"ration keys revoke", confirmed},
	{"ration keys update --select", confirmed},
	{"ration keys update key_…", func(c string) string { return "ID=$(ration keys list --quiet)\n" + c }},
	{"ration keys revoke", func(c string) string { return c + "\nration explain $ID" }},
	{"ration serve --upstream http://127.0.0.1:8000", func(c string) string { return strings.TrimSuffix(c, " &") + " &" }},
	{"curl -s http://127.0.0.1:8081/v1/reservations -H", func(c string) string {
		return "ANSWER=$(" + c + ")\necho \"$ANSWER\"\nRESERVATION=$(sed 's/.*\"reservation\":{\"id\":\"\\([^\"]*\\)\".*/\\1/' <<< \"$ANSWER\")"
	}},
}

func leftOut(string) string { return "" }

// confirmed answers what the command would ask.
func confirmed(command string) string {
	line, comment, _ := strings.Cut(command, "#")
	return strings.TrimRight(line, " ") + " --yes #" + comment
}

// consoleCommands returns the commands of a page's console blocks, without what they
// print.
func consoleCommands(t *testing.T, path string) (commands []string) {
	t.Helper()
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?ms)^```console\n(.*?)^```$").FindAllSubmatch(page, -1) {
		goesOn := false
		for line := range strings.Lines(string(block[1])) {
			line = strings.TrimRight(line, "\n")
			if command, is := strings.CutPrefix(line, "$ "); is {
				commands = append(commands, command)
			} else if goesOn {
				commands[len(commands)-1] += "\n" + line
			} else {
				continue
			}
			goesOn = strings.HasSuffix(line, `\`)
		}
	}
	if len(commands) == 0 {
		t.Fatalf("%s has no commands", path)
	}
	return commands
}

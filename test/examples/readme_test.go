//go:build unix

package examples_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/test/harness"
)

// readme is an example's page, whose commands are run one after another in a fresh
// shell, in a copy of the directory.
type readme struct {
	example string
	inPlace bool                                    // in the directory itself, because it is part of this module
	ports   []string                                // that its files and commands name; the test takes free ones
	bring   func(t *testing.T, bin string) []string // programs into bin, and returns the environment and what stands for "…" in commands
	want    []string                                // patterns in what the commands print
}

func TestCommandsOfTheREADMEsWork(t *testing.T) {
	for _, page := range []readme{
		{example: "fastapi", ports: []string{"8000", "8081"}, bring: bringPython, want: []string{`HTTP/1\.1 200 OK`, `(?i)ratelimit: "requests-day";r=99;`, `"answer":42,"caller":"alice"`}},
		{example: "express", ports: []string{"3000", "8081"}, bring: bringNode, want: []string{`HTTP/1\.1 200 OK`, `(?i)ratelimit: "requests-day";r=99;`, `"answer":42,"caller":"alice"`}},
		{example: "go-middleware", inPlace: true, ports: []string{"3000"}, bring: bringPostgres, want: []string{`HTTP/1\.1 200 OK`, `(?i)ratelimit: "requests-day";r=99;`, "forty-two, alice"}},
		{example: "compose", ports: []string{"8000", "8080", "8081", "8180", "8181"}, bring: bringDocker, want: []string{`(?s)"allowed":true.*"remaining":99.*"allowed":true.*"remaining":98`, `(?is)HTTP/1.1 200 OK.*r=97;.*HTTP/1.1 200 OK.*r=96;`}},
		{example: "app-takeover", ports: []string{"8000", "8080", "8081"}, want: []string{`HTTP/1\.1 200 OK`, `"user":"User 1"`, `"remaining":99`}},
	} {
		t.Run(page.example, func(t *testing.T) {
			t.Parallel()
			printed := page.run(t)
			for _, pattern := range page.want {
				if !regexp.MustCompile(pattern).MatchString(printed) {
					t.Errorf("%q is not in:\n%s", pattern, printed)
				}
			}
		})
	}
}

// run runs the page's commands and returns what they print.
func (r readme) run(t *testing.T) string {
	t.Helper()
	bin, dir := t.TempDir(), filepath.Join("../../examples", r.example)
	link(t, harness.Binary(t), filepath.Join(bin, "ration"))
	environment := slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "RATION_") })
	environment = append(environment, "PATH="+bin+":"+os.Getenv("PATH"), "no_proxy=127.0.0.1")
	var replace []string
	for _, port := range r.ports {
		replace = append(replace, port, freePort(t))
		if port == "8081" { // where no file and no flag names the verify API's address
			environment = append(environment, "RATION_API_LISTEN=127.0.0.1:"+replace[len(replace)-1])
		}
	}
	if r.bring != nil {
		brought := r.bring(t, bin)
		for _, entry := range brought {
			if dsn, is := strings.CutPrefix(entry, "RATION_DB="); is {
				replace = append(replace, "postgres://…", "'"+dsn+"'")
			}
		}
		environment = append(environment, brought...)
	}
	replacer := strings.NewReplacer(replace...)
	if !r.inPlace {
		dir = copyExample(t, dir, replacer)
	}
	for i := range environment { // a program that stands for another names ports too
		if strings.HasPrefix(environment[i], "PORTS=") {
			environment[i] = replacer.Replace(environment[i])
		}
	}
	return runShell(t, dir, replacer.Replace(r.commands(t)), environment)
}

// commands returns the lines of all blocks for a shell, without the indentation that
// a list gives them.
func (r readme) commands(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("../../examples", r.example, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for _, block := range regexp.MustCompile("(?ms)^ *```(\\w*)\n(.*?)^ *```$").FindAllSubmatch(page, -1) {
		if string(block[1]) != "sh" {
			t.Errorf("a block of %s is not marked as sh, so nobody runs it:\n%s", r.example, block[2])
		}
		for line := range strings.Lines(string(block[2])) {
			script.WriteString(strings.TrimLeft(line, " "))
		}
	}
	if script.Len() == 0 {
		t.Fatalf("the page of %s has no commands", r.example)
	}
	return script.String()
}

// runShell runs a script that fails with its first failing command. What it leaves
// running ends with the test.
func runShell(t *testing.T, dir, script string, environment []string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "printed")
	printed, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = printed.Close() }()
	shell := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	shell.Dir, shell.Env = dir, environment
	shell.Stdout, shell.Stderr = printed, printed
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-shell.Process.Pid, syscall.SIGKILL) }) // all may be gone
	failed := shell.Wait()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if failed != nil {
		t.Fatalf("%v from\n%s\nwhich printed\n%s", failed, script, text)
	}
	return string(text)
}

// bringPython makes python3 the one that has what the example needs.
func bringPython(t *testing.T, bin string) []string {
	t.Helper()
	python, err := exec.LookPath(fastAPI(t)[0])
	if err != nil {
		t.Fatal(err)
	}
	// A link would look for its modules elsewhere.
	write(t, filepath.Join(bin, "python3"), "#!/bin/sh\nexec "+python+" -B \"$@\"\n")
	return nil
}

func bringNode(*testing.T, string) []string { return []string{"NODE_PATH=/usr/share/nodejs"} }

func bringPostgres(t *testing.T, _ string) []string {
	t.Helper()
	return []string{"RATION_DB=" + testdb.Postgres(t)}
}

// bringDocker makes a docker that knows the page's commands and starts the binary
// where Docker would start a container with it.
func bringDocker(t *testing.T, bin string) []string {
	t.Helper()
	write(t, filepath.Join(bin, "docker"), `#!/bin/bash
set -euo pipefail
if [[ "$1 $2 $3 $4 $5" == "compose -f compose.yaml -f proxy.yaml" ]]; then
  shift 5
  set -- compose "$@"
  port=$(sed -n 's|.*command: .*http.server, "\([0-9]*\)".*|\1|p' proxy.yaml)
  python3 -m http.server --bind 127.0.0.1 "$port" &
  RATION_UPSTREAM=$(sed -n 's|.*RATION_UPSTREAM: "\(.*\)".*|\1|p' proxy.yaml | sort -u | sed 's|//api:|//127.0.0.1:|')
  export RATION_UPSTREAM
fi
case "$1 $2" in
"compose up")
  if [[ -e servers ]]; then
    xargs kill < servers
    for ports in $PORTS; do while (: < "/dev/tcp/127.0.0.1/${ports%:*}") 2> /dev/null; do sleep 0.1; done; done
  fi
  ration migrate
  : > servers
  for ports in $PORTS; do
    export RATION_API_LISTEN=127.0.0.1:${ports%:*} RATION_LISTEN=127.0.0.1:${ports#*:}
    ration serve &
    echo $! >> servers
    until ration health; do sleep 0.1; done
  done ;;
"compose run")
  [[ "$3 $4" == "--rm migrate" ]]
  shift 4
  exec ration "$@" ;;
*) exit 1 ;;
esac
`)
	return []string{"RATION_DB=" + testdb.Postgres(t), "PORTS=8081:8080 8181:8180"}
}

// copyExample copies an example's files, with other ports.
func copyExample(t *testing.T, from string, replacer *strings.Replacer) string {
	t.Helper()
	root := t.TempDir() // where what is beside it is found, too
	link(t, "../../clients", filepath.Join(root, "clients"))
	dir := filepath.Join(root, "examples", filepath.Base(from))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if file.IsDir() { // what running it here has left
			continue
		}
		text, err := os.ReadFile(filepath.Join(from, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, file.Name()), replacer.Replace(string(text)))
	}
	return dir
}

func freePort(t *testing.T) string {
	t.Helper()
	_, port, err := net.SplitHostPort(harness.FreeAddr(t))
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func link(t *testing.T, from, to string) {
	t.Helper()
	absolute, err := filepath.Abs(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(absolute, to); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil { //nolint:gosec // some are programs, and the directory is the test's
		t.Fatal(err)
	}
}

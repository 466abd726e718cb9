//go:build unix

package main_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration/internal/testdb"
)

var program string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "testpostgres-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "testpostgres")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v: %s", err, out))
	}
	return m.Run()
}

// command runs the program as if nobody had provided a server.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, testdb.URLVariable+"=") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	return cmd
}

func TestExitCode(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"command that succeeds", []string{"--", "true"}, 0, ""},
		{"command that fails", []string{"--", "sh", "-c", "exit 3"}, 3, ""},
		{"command that a signal ends", []string{"--", "sh", "-c", "kill -9 $$"}, 137, ""},
		{"arguments without dashes before them", []string{"sh", "-c", "exit 4"}, 4, ""},
		{"command that does not exist", []string{"--", "/no/such/command"}, 125, "starting the command"},
		{"no command", []string{"--"}, 125, "no command"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			cmd := command(t, row.args...)
			out, err := cmd.CombinedOutput()
			if cmd.ProcessState == nil {
				t.Fatal(err)
			}
			if got := cmd.ProcessState.ExitCode(); got != row.code {
				t.Errorf("exit code %d, want %d; output: %s", got, row.code, out)
			}
			if !strings.Contains(string(out), row.says) || row.says == "" && len(out) > 0 {
				t.Errorf("output %q, want %q in it", out, row.says)
			}
		})
	}
}

func TestServerThatIsGivenIsUsed(t *testing.T) {
	t.Parallel()
	cmd := command(t, "--", "sh", "-c", `printf %s "$`+testdb.URLVariable+`"`)
	cmd.Env = append(cmd.Env, testdb.URLVariable+"=postgres://given")
	if out, err := cmd.Output(); err != nil || string(out) != "postgres://given" {
		t.Errorf("the command saw %q, error %v", out, err)
	}
}

// The command prints where its server is, then waits for its input to end or for
// the signal. Either way the server must be gone when the program is.
func TestServerLivesAsLongAsTheCommand(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		end  func(*exec.Cmd, io.Closer) error
		code int
	}{
		{"command ends", func(_ *exec.Cmd, input io.Closer) error { return input.Close() }, 0},
		{"interrupt", func(cmd *exec.Cmd, _ io.Closer) error { return cmd.Process.Signal(syscall.SIGINT) }, 130},
		{"termination", func(cmd *exec.Cmd, _ io.Closer) error { return cmd.Process.Signal(syscall.SIGTERM) }, 143},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			fifo := filepath.Join(t.TempDir(), "fifo")
			if err := syscall.Mkfifo(fifo, 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := command(t, "--", "sh", "-c", `echo "$`+testdb.URLVariable+`"; exec cat <"$0"`, fifo)
			dsn := startAndReadLine(t, cmd)
			dataDir := askDataDir(t, dsn)
			input, err := os.OpenFile(fifo, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer input.Close()
			if err := row.end(cmd, input); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			if got := cmd.ProcessState.ExitCode(); got != row.code {
				t.Errorf("exit code %d, want %d", got, row.code)
			}
			if _, err := pgx.Connect(t.Context(), dsn); err == nil {
				t.Error("the server still runs")
			}
			if _, err := os.Stat(dataDir); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("looking for the data directory: got %v, want %v", err, fs.ErrNotExist)
			}
		})
	}
}

func startAndReadLine(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func askDataDir(t *testing.T, dsn string) (dir string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), "show data_directory").Scan(&dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

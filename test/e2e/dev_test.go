package e2e_test

import (
	"bufio"
	"context"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/ration-dev/ration/test/harness"
)

// trial is "ration dev" and the lines it says to try.
type trial struct {
	t       *testing.T
	process *exec.Cmd
	banner  string
	tries   []string // shell commands, in order
}

func startDev(t *testing.T, dir string, more ...string) *trial {
	t.Helper()
	args := append([]string{"dev", "--listen", "127.0.0.1:0", "--api-listen", "127.0.0.1:0"}, more...)
	process := exec.CommandContext(context.Background(), harness.Binary(t), args...)
	process.Dir = dir
	stdout, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Process.Kill() })
	d := &trial{t: t, process: process}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		d.banner += lines.Text() + "\n"
		if strings.HasPrefix(lines.Text(), "Ctrl-C") {
			break
		}
	}
	shell := strings.ReplaceAll(d.banner, "\\\n", " ")
	for line := range strings.SplitSeq(shell, "\n") {
		if strings.HasPrefix(line, "  curl ") || strings.HasPrefix(line, "  for ") {
			d.tries = append(d.tries, strings.TrimSpace(line))
		}
	}
	if len(d.tries) != 4 {
		t.Fatalf("found %d commands to try, want 4, in:\n%s", len(d.tries), d.banner)
	}
	return d
}

// try runs a command of the banner and wants texts in its output.
func (d *trial) try(command string, want ...string) {
	d.t.Helper()
	out, err := exec.CommandContext(d.t.Context(), "bash", "-c", command).CombinedOutput()
	for _, text := range want {
		if err != nil || !strings.Contains(string(out), text) {
			d.t.Errorf("%s\nprinted %s, %v; want %q", command, out, err, text)
		}
	}
}

func (d *trial) end(signal syscall.Signal) {
	d.t.Helper()
	if err := d.process.Process.Signal(signal); err != nil {
		d.t.Fatal(err)
	}
	err := d.process.Wait()
	if signal == syscall.SIGTERM && err != nil {
		d.t.Errorf("SIGTERM: %v", err)
	}
}

func hostOf(command string) string {
	return regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(command)
}

func secretOf(command string) string {
	_, secret, _ := strings.Cut(command, "X-API-Key: ")
	return secret
}

func TestDevShowsWhatItSaysAndRemembersAfterAKill(t *testing.T) {
	dir := t.TempDir()
	first := startDev(t, dir)
	first.try(first.tries[0], "HTTP/1.1 200 OK", `Ratelimit: "requests-day";r=9`, "Hello from the example API")
	first.try(first.tries[1], "HTTP/1.1 401 Unauthorized", "key_missing")
	first.try(first.tries[2], "200 200 200 200 200 200 200 200 200 429 429 429")
	first.try(first.tries[3], `"allowed":false`, `"code":"quota_exceeded"`)
	first.end(syscall.SIGKILL)

	second := startDev(t, dir)
	if !strings.Contains(second.banner, "10 of 10/day used") {
		t.Errorf("the second start does not say what was used:\n%s", second.banner)
	}
	if secretOf(second.tries[0]) == secretOf(first.tries[0]) {
		t.Error("the second start shows the first one's secret")
	}
	second.try(second.tries[0], "HTTP/1.1 429 Too Many Requests", "Retry-After: ")
	for i, command := range []string{0: first.tries[0], 3: first.tries[3]} { // from the terminal's history
		if command != "" {
			second.try(strings.Replace(command, hostOf(first.tries[i]), hostOf(second.tries[i]), 1), "quota_exceeded")
		}
	}
	second.end(syscall.SIGTERM)

	third := startDev(t, dir, "--fresh")
	third.try(third.tries[0], "HTTP/1.1 200 OK", `r=9`)
	third.end(syscall.SIGTERM)
}

func TestDevStandsBeforeARealAPI(t *testing.T) {
	upstream := harness.NewUpstream(t)
	d := startDev(t, t.TempDir(), "--upstream", upstream.URL)
	d.try(d.tries[0], "HTTP/1.1 200 OK", "\r\n\r\nok")
	d.end(syscall.SIGTERM)
}

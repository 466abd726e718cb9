package testdb

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// watchdogScript waits for its standard input to end, which happens when the
// process that holds the other end closes it, exits, panics or is killed. The
// server may be stopped already, hence the ignored failures, or paused, when it
// hears of nothing else.
const watchdogScript = `
trap '' INT TERM HUP QUIT
cat >/dev/null
kill -CONT "$(head -n 1 "$2/data/postmaster.pid" 2>/dev/null)" 2>/dev/null
"$1" stop --wait --timeout 10 --silent --mode immediate --pgdata "$2/data" >/dev/null 2>&1
cd / && rm -rf "$2"
`

// watchdog is a process that stops and removes a cluster when it is released or
// when this process is gone. A test binary has no reliable last act (a timeout
// panics, os.Exit runs no deferred call), so somebody else must clean up.
type watchdog struct {
	cmd   *exec.Cmd
	leash io.Closer
}

func watch(ctx context.Context, c *Cluster) (*watchdog, error) {
	// The context bounds a start; the watchdog stays on duty after it.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "sh", "-c", watchdogScript, "watchdog",
		filepath.Join(c.programs, "pg_ctl"), c.dir)
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	c.account.apply(cmd)
	leash, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("opening the pipe to a cluster's watchdog: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting a cluster's watchdog: %w", err)
	}
	return &watchdog{cmd: cmd, leash: leash}, nil
}

// release lets the watchdog clean up and waits until it has.
func (w *watchdog) release() error {
	if err := w.leash.Close(); err != nil {
		return fmt.Errorf("releasing a cluster's watchdog: %w", err)
	}
	if err := w.cmd.Wait(); err != nil {
		return fmt.Errorf("removing a test cluster: %w", err)
	}
	return nil
}

package testdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// StopMode is how a cluster goes down.
type StopMode string

// The modes, named as pg_ctl names them.
const (
	// StopSmart waits until every client has gone.
	StopSmart StopMode = "smart"
	// StopFast rolls back open transactions and disconnects the clients.
	StopFast StopMode = "fast"
	// StopImmediate leaves without writing anything more: the next start
	// recovers as after a crash.
	StopImmediate StopMode = "immediate"
)

// controlSeconds bounds a start, with recovery, and a stop.
const controlSeconds = "60"

// Start starts a stopped or killed cluster and returns when it accepts
// connections. Starting a running one is an error.
func (c *Cluster) Start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.start(context.Background())
}

// Stop stops the cluster and returns when the server has gone. Stopping a
// stopped one is an error.
func (c *Cluster) Stop(mode StopMode) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stop(mode)
}

// Restart is Stop and Start.
func (c *Cluster) Restart(mode StopMode) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.stop(mode); err != nil {
		return err
	}
	return c.start(context.Background())
}

func (c *Cluster) start(ctx context.Context) error {
	return c.run(ctx, "pg_ctl", "start", "--wait", "--timeout", controlSeconds, "--silent",
		"--pgdata", c.DataDir(), "--log", c.logFile(), "--options", "-p "+strconv.Itoa(c.port))
}

func (c *Cluster) stop(mode StopMode) error {
	return c.run(context.Background(), "pg_ctl", "stop", "--wait", "--timeout", controlSeconds, "--silent",
		"--pgdata", c.DataDir(), "--mode", string(mode))
}

// run runs one of PostgreSQL's programs as the server's user.
func (c *Cluster) run(ctx context.Context, program string, args ...string) error {
	return c.runAny(ctx, filepath.Join(c.programs, program), args...)
}

// runAny runs any program as the server's user.
func (c *Cluster) runAny(ctx context.Context, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = c.dir
	// No PG* variable of the caller's may reach the server, and its messages
	// come in one language.
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	c.account.apply(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("running %s: %w: %s", filepath.Base(program), err, bytes.TrimSpace(out))
	}
	return nil
}

func (c *Cluster) logFile() string {
	return filepath.Join(c.dir, "server.log")
}

// LogTail returns the last 4 KiB of the server's log.
func (c *Cluster) LogTail() string {
	log, err := os.ReadFile(c.logFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err.Error()
	}
	return string(log[max(0, len(log)-4096):])
}

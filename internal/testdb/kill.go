package testdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// killTimeout bounds the wait until killed processes have gone.
const killTimeout = 10 * time.Second

// Kill ends every process of the server with SIGKILL, as a power cut would, and
// returns when they have gone. What the server handed to the operating system
// is kept, as after kill -9: it is no test of the disk.
func (c *Cluster) Kill() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	postmaster, err := c.postmaster()
	if err != nil {
		return fmt.Errorf("finding the server to kill: %w", err)
	}
	family, err := killFamily(postmaster)
	if err != nil {
		return fmt.Errorf("killing the server: %w", err)
	}
	if err := waitGone(family); err != nil {
		return err
	}
	return c.removeLocks()
}

// postmaster returns the process id of the running server.
func (c *Cluster) postmaster() (int, error) {
	content, err := os.ReadFile(c.pidFile())
	if err != nil {
		return 0, err
	}
	line, _, _ := bytes.Cut(content, []byte("\n"))
	return strconv.Atoi(string(line))
}

// removeLocks removes what names a killed postmaster: while nobody reaps it, its
// process id is taken, and PostgreSQL would refuse to start.
func (c *Cluster) removeLocks() error {
	sockets, err := filepath.Glob(filepath.Join(c.dir, ".s.PGSQL.*.lock"))
	for _, lock := range append(sockets, c.pidFile()) {
		err = errors.Join(err, os.Remove(lock))
	}
	return err
}

func (c *Cluster) pidFile() string {
	return filepath.Join(c.DataDir(), "postmaster.pid")
}

func waitGone(processes []int) error {
	ctx, cancel := context.WithTimeout(context.Background(), killTimeout)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for _, pid := range processes {
		for running(pid) {
			select {
			case <-ctx.Done():
				return fmt.Errorf("waiting for killed process %d: %w", pid, ctx.Err())
			case <-tick.C:
			}
		}
	}
	return nil
}

package testdb

import (
	"errors"
	"fmt"
)

// Pause stops every process of the server where it is, as a machine that hangs
// would: connections stay open and nothing answers. Resume ends it.
func (c *Cluster) Pause() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	postmaster, err := c.postmaster()
	if err != nil {
		return fmt.Errorf("finding the server to pause: %w", err)
	}
	if err := pauseFamily(postmaster); err != nil {
		return fmt.Errorf("pausing the server: %w", err)
	}
	return nil
}

// Resume lets a paused server go on.
func (c *Cluster) Resume() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	postmaster, err := c.postmaster()
	if err != nil {
		return fmt.Errorf("finding the server to resume: %w", err)
	}
	if err := resumeFamily(postmaster); err != nil {
		return fmt.Errorf("resuming the server: %w", err)
	}
	return nil
}

// KillPostmaster ends the server's first process alone with SIGKILL, and returns
// when the orphans, which end when they notice, have gone too. Until then they
// may commit what they were about to.
func (c *Cluster) KillPostmaster() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	postmaster, err := c.postmaster()
	if err != nil {
		return fmt.Errorf("finding the server to kill: %w", err)
	}
	orphans := children(postmaster)
	if err := killProcess(postmaster); err != nil {
		return fmt.Errorf("killing process %d: %w", postmaster, err)
	}
	return errors.Join(waitGone(append(orphans, postmaster)), c.removeLocks())
}

// Running reports whether the server's first process is there.
func (c *Cluster) Running() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	postmaster, err := c.postmaster()
	return err == nil && running(postmaster)
}

package testdb

import (
	"context"
	"fmt"
	"net/url"
	"testing"
)

// StartStandby starts a server that follows this one, from a copy of its data, and
// removes it at the end of the test. Name is its application_name, by which
// synchronous_standby_names of this one can mean it. It has the users, databases
// and settings of this one; further settings win over them.
func (c *Cluster) StartStandby(tb testing.TB, name string, settings map[string]string) *Cluster {
	tb.Helper()
	standby := &Cluster{programs: c.programs, account: c.account, password: c.password}
	err := standby.begin(tb.Context(), func() error {
		if err := standby.copyFrom(tb.Context(), c, name); err != nil {
			return err
		}
		if err := standby.configure(settings); err != nil {
			return err
		}
		return standby.startOnFreePort(tb.Context())
	})
	if err != nil {
		tb.Fatal(err)
	}
	standby.closeAfter(tb)
	return standby
}

// copyFrom copies a running primary's data and writes how to follow it.
func (c *Cluster) copyFrom(ctx context.Context, primary *Cluster, name string) error {
	return c.run(ctx, "pg_basebackup", "--pgdata", c.DataDir(), "--dbname", primary.following(name),
		"--write-recovery-conf", "--checkpoint=fast", "--no-sync")
}

// following is how a standby of that name connects to this server.
func (c *Cluster) following(name string) string {
	parsed, err := url.Parse(c.DSN())
	if err != nil {
		panic(fmt.Sprintf("a cluster's own DSN: %v", err))
	}
	query := parsed.Query()
	query.Set("application_name", name)
	parsed.RawQuery = query.Encode()
	return parsed.String()
}

// Promote makes a standby a primary, on a timeline of its own, and returns when it
// accepts writes.
func (c *Cluster) Promote() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.run(context.Background(), "pg_ctl", "promote", "--wait", "--timeout", controlSeconds, "--silent", "--pgdata", c.DataDir())
}

package testdb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
)

// superuser owns a private cluster and everything in it.
const superuser = "ration_test"

// Cluster is a private PostgreSQL server: its own data directory, a random port
// on 127.0.0.1 and a unix socket. It keeps port, data and DSN from one start to
// the next. Its methods may be called from any goroutine; they run one at a
// time.
type Cluster struct {
	programs string
	dir      string
	port     int
	password string
	account  account
	watchdog *watchdog

	mu sync.Mutex
}

// StartCluster starts a cluster for one test and removes it at the end. The
// settings (such as "max_connections": "5") come on top of the package's own and
// win over them. If the test fails, it logs the last lines of the server's log.
func StartCluster(tb testing.TB, settings map[string]string) *Cluster {
	tb.Helper()
	return startCluster(tb, os.Getenv(InitialVariable), settings)
}

// StartUnrelatedCluster is [StartCluster] for a cluster with an identifier of its
// own. Others may be copies of one and so look to their clients like one cluster.
func StartUnrelatedCluster(tb testing.TB, settings map[string]string) *Cluster {
	tb.Helper()
	return startCluster(tb, "", settings)
}

func startCluster(tb testing.TB, initial string, settings map[string]string) *Cluster {
	tb.Helper()
	cluster, err := newCluster(tb.Context(), initial, settings)
	if err != nil {
		tb.Fatal(err)
	}
	cluster.closeAfter(tb)
	return cluster
}

func (c *Cluster) closeAfter(tb testing.TB) {
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("the server's log ends with:\n%s", c.LogTail())
		}
		if err := c.Close(); err != nil {
			tb.Error(err)
		}
	})
}

// NewCluster creates a cluster and starts it, for callers that have no
// testing.TB. The context bounds the start, not the cluster's life, which ends
// with Close or with this process.
func NewCluster(ctx context.Context, settings map[string]string) (*Cluster, error) {
	return newCluster(ctx, os.Getenv(InitialVariable), settings)
}

func newCluster(ctx context.Context, initial string, settings map[string]string) (*Cluster, error) {
	c, err := prepareCluster(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.begin(ctx, func() error { return c.create(ctx, initial, settings) }); err != nil {
		return nil, err
	}
	return c, nil
}

// prepareCluster is a cluster without a directory.
func prepareCluster(ctx context.Context) (*Cluster, error) {
	programs, err := findPrograms(ctx)
	if err != nil {
		return nil, err
	}
	account, err := serverAccount()
	if err != nil {
		return nil, err
	}
	return &Cluster{programs: programs, account: account, password: rand.Text()}, nil
}

// begin makes the cluster's directory, with its watchdog, and lets create do the rest.
// After an error nothing is left.
func (c *Cluster) begin(ctx context.Context, create func() error) (err error) {
	if err := c.makeDir(); err != nil {
		return err
	}
	if c.watchdog, err = watch(ctx, c); err != nil {
		return errors.Join(err, os.RemoveAll(c.dir))
	}
	if err := create(); err != nil {
		return errors.Join(err, c.Close())
	}
	return nil
}

// DSN returns the URL of the cluster's database "postgres", as a superuser.
func (c *Cluster) DSN() string {
	return (&url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuser, c.password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)),
		Path:     "postgres",
		RawQuery: "sslmode=disable",
	}).String()
}

// DataDir returns the cluster's data directory.
func (c *Cluster) DataDir() string {
	return filepath.Join(c.dir, "data")
}

// Database returns the DSN of a fresh, empty database in the cluster, which goes
// with the cluster.
func (c *Cluster) Database(tb testing.TB) string {
	tb.Helper()
	server := &session{url: c.DSN()}
	defer server.close()
	_, dsn := createDatabase(tb, server, emptyTemplate)
	return dsn
}

// Close stops the cluster and removes its directory. It must be called once.
func (c *Cluster) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.watchdog.release()
}

func (c *Cluster) makeDir() error {
	dir, err := os.MkdirTemp(os.Getenv(DirVariable), "ration-postgres-")
	if err != nil {
		return fmt.Errorf("creating a directory for a test cluster: %w", err)
	}
	if err := c.account.own(dir); err != nil {
		return errors.Join(fmt.Errorf("handing %s to the server's user: %w", dir, err), os.Remove(dir))
	}
	c.dir = dir
	return nil
}

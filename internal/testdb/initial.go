package testdb

import (
	"context"
	"fmt"
	"os"
	"strings"
)

const (
	// InitialVariable names the environment variable with what [Initial.Dir] returns.
	// Clusters are copied from it instead of being made by initdb, which takes fifty
	// times as long.
	InitialVariable = "RATION_TEST_POSTGRES_INITIAL"
	// DirVariable names the environment variable with the directory that clusters are
	// made in; empty means the one for temporary files.
	DirVariable = "RATION_TEST_POSTGRES_DIR"
)

// Initial is a data directory as initdb makes it, for clusters to be copies of. It
// goes when this process ends.
type Initial struct {
	cluster *Cluster // never started
}

// NewInitial makes a data directory.
func NewInitial(ctx context.Context) (*Initial, error) {
	c, err := prepareCluster(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.begin(ctx, func() error { return c.initialize(ctx) }); err != nil {
		return nil, err
	}
	return &Initial{c}, nil
}

// Dir returns the directory, for [InitialVariable].
func (i *Initial) Dir() string { return i.cluster.dir }

// Close removes the directory. It must be called once.
func (i *Initial) Close() error { return i.cluster.Close() }

// copyInitial makes the data directory a copy, with its password.
func (c *Cluster) copyInitial(ctx context.Context, initial string) error {
	from := Cluster{dir: initial}
	password, err := os.ReadFile(from.passwordFile())
	if err != nil {
		return fmt.Errorf("reading the password of the data directory in %s: %w", InitialVariable, err)
	}
	c.password = strings.TrimSpace(string(password))
	return c.runAny(ctx, "cp", "-R", "-p", from.DataDir(), c.DataDir())
}

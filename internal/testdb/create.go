package testdb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// defaults are the settings of a private cluster. The durable ones are
// PostgreSQL's defaults too; written out, they can't be lost to a packager's
// template. The zone is one that nobody lives by, so that SQL that leans on the
// session's zone gives wrong answers here and not only abroad.
var defaults = map[string]string{
	"fsync":              "on",
	"synchronous_commit": "on",
	"full_page_writes":   "on",
	"listen_addresses":   "127.0.0.1",
	"max_connections":    "200",
	"timezone":           "Pacific/Chatham",
	"log_line_prefix":    "%m [%p] %q%d ",
}

// create makes the data directory, as a copy of an initial one if one is given,
// writes its settings and starts the server.
func (c *Cluster) create(ctx context.Context, initial string, settings map[string]string) error {
	fill := c.initialize
	if initial != "" {
		fill = func(ctx context.Context) error { return c.copyInitial(ctx, initial) }
	}
	if err := fill(ctx); err != nil {
		return err
	}
	if err := c.configure(settings); err != nil {
		return err
	}
	return c.startOnFreePort(ctx)
}

// initialize makes the data directory.
func (c *Cluster) initialize(ctx context.Context) error {
	verifier, err := scramVerifier(c.password)
	if err != nil {
		return err
	}
	if err := errors.Join(c.writeSecret(c.passwordFile(), c.password), c.writeSecret(c.verifierFile(), verifier)); err != nil {
		return err
	}
	// --no-sync leaves out one flush of the empty template; it sets nothing that
	// the server would read.
	return c.run(ctx, "initdb", "--pgdata", c.DataDir(), "--username", superuser,
		"--auth", "scram-sha-256", "--pwfile", c.verifierFile(),
		"--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions")
}

// configure appends to the file that initdb wrote; of two lines for a setting
// the later one holds.
func (c *Cluster) configure(settings map[string]string) error {
	merged := maps.Clone(defaults)
	merged["unix_socket_directories"] = c.dir
	maps.Copy(merged, settings)
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(merged)) {
		fmt.Fprintf(&text, "%s = '%s'\n", name, strings.ReplaceAll(merged[name], "'", "''"))
	}
	file, err := os.OpenFile(filepath.Join(c.DataDir(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("opening a test cluster's settings: %w", err)
	}
	_, err = file.WriteString(text.String())
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("writing a test cluster's settings: %w", err)
	}
	return nil
}

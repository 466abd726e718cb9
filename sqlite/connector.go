package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"

	driversqlite "modernc.org/sqlite"
)

// connector opens connections that keep the promise: each is set up and looked
// at before it is used. It is also what database/sql needs for migrations.
type connector struct {
	driver.Connector
	settings []setting
}

// setting is a pragma and the value that reading it must give.
type setting struct {
	name  string
	value int64
}

// common holds for every connection. The time to wait for a lock comes first:
// setting the others may already have to wait for somebody who looks at the file
// with a tool of his own.
var common = []setting{
	{"busy_timeout", 2000}, // milliseconds; less than a caller of the engine waits
	{"foreign_keys", 1},
	{"trusted_schema", 0},  // nobody's functions in a schema are run
	{"cell_size_check", 1}, // a damaged page is found when it is read
	{"temp_store", 2},      // memory
}

// writing holds for connections that write.
var writing = append([]setting{
	{"synchronous", 2}, // FULL: a commit returns after the write-ahead log is flushed
	{"fullfsync", 1},   // on macOS a plain fsync leaves the data in the drive's cache
	{"checkpoint_fullfsync", 1},
	{"wal_autocheckpoint", 0}, // never inside a commit; see checkpoint.go
	{"cache_size", -65536},    // KiB
}, common...)

var reading = append([]setting{
	{"query_only", 1},
	{"cache_size", -8192}, // KiB
}, common...)

func newConnector(path, mode string, settings []setting) (*connector, error) {
	inner, err := driversqlite.NewConnector(uri(path, mode))
	return &connector{Connector: inner, settings: settings}, err
}

// Connect opens a connection, sets it up and checks that it took the settings.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	conn := newConn(inner)
	for i := len(c.settings) - 1; i >= 0; i-- {
		if err := conn.set(ctx, c.settings[i]); err != nil {
			_ = conn.close()
			return nil, err
		}
	}
	if err := conn.release(); err != nil {
		_ = inner.Close()
		return nil, err
	}
	return inner, nil
}

// open opens a connection for this package's own use.
func (c *connector) open(ctx context.Context) (*conn, error) {
	inner, err := c.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return newConn(inner), nil
}

func (c *conn) set(ctx context.Context, want setting) error {
	if _, err := c.exec(ctx, fmt.Sprintf("PRAGMA %s = %d", want.name, want.value)); err != nil {
		return fmt.Errorf("setting %s: %w", want.name, err)
	}
	return c.check(ctx, want)
}

// check fails if the connection doesn't have the setting: SQLite ignores a
// pragma that it doesn't know or can't obey.
func (c *conn) check(ctx context.Context, want setting) error {
	got, err := c.number(ctx, "PRAGMA "+want.name)
	if err != nil {
		return fmt.Errorf("reading %s: %w", want.name, err)
	}
	if got != want.value {
		return fmt.Errorf("%s is %d, not %d: this build of SQLite can't keep Ration's promises", want.name, got, want.value)
	}
	return nil
}

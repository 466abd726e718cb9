package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/sqladmin"
)

// Open takes the lock of a database file, creates the file or brings its schema up to
// date, and opens it. The context bounds only the opening.
//
// Errors, by errors.Is and errors.As: [LockedError] if another process has the file;
// [SchemaError] if its schema is newer and does not suit this release; [ErrNotRation]
// if it is a file of another kind; [ErrAltered] if somebody else changed its tables;
// [ErrDamaged] if damage is found (a file of more than 256 MiB is not checked page by
// page; see [Store.Check]).
func Open(ctx context.Context, config Config) (*Store, error) {
	store, _, _, err := open(ctx, config, production)
	return store, err
}

// internals are what only this package's tests choose differently.
type internals struct {
	migrations fs.FS
	log        logLimits
}

var production = internals{migrations: migrations, log: logLimits{
	checkpoint: 4_000,  // 16 MiB
	restart:    16_000, // 64 MiB
	lag:        500,
}}

// open also returns the versions of the schema before and after.
func open(ctx context.Context, config Config, internals internals) (store *Store, from, to int64, err error) {
	config = config.withDefaults()
	defer func() {
		if err != nil {
			err = fmt.Errorf("opening store %q: %w", config.Path, explainDamage(err))
		}
	}()
	resolved, err := resolvePath(config.Path)
	if err != nil {
		return nil, 0, 0, err
	}
	config.Path = resolved
	lock, err := lockFile(ctx, config.Path, config.LockWait)
	if err != nil {
		return nil, 0, 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, lock.Close())
		}
	}()
	writing, first, err := prepareFile(ctx, config.Path)
	if err != nil {
		return nil, 0, 0, err
	}
	defer func() { _ = first.close() }() // which has nothing left to write
	if from, to, err = migrate(ctx, writing, first, config, internals.migrations); err != nil {
		return nil, from, to, err
	}
	if to != from {
		if err := moveSchema(ctx, first); err != nil {
			return nil, from, to, err
		}
	}
	store, err = connect(ctx, config, writing, lock, internals.log)
	return store, from, to, err
}

// prepareFile makes sure that there is a database of ours or an empty one, in
// WAL mode. The connection that it returns is to stay open until others are:
// with the last one SQLite ends the log, and says nothing if the disk then
// refuses to flush.
func prepareFile(ctx context.Context, path string) (connector *connector, first *conn, err error) {
	if err := createFile(path); err != nil {
		return nil, nil, err
	}
	if err := refuseLinks(path); err != nil {
		return nil, nil, err
	}
	if connector, err = newConnector(path, "rw", writing); err != nil {
		return nil, nil, err
	}
	if first, err = connector.open(ctx); err != nil {
		return nil, nil, err
	}
	for _, step := range []func(context.Context, *conn) error{checkVersion, refuseForeign, checkSmall, useLog} {
		if err := step(ctx, first); err != nil {
			return nil, nil, errors.Join(err, first.close())
		}
	}
	return connector, first, nil
}

// useLog makes the file one with a write-ahead log, which it then stays.
func useLog(ctx context.Context, conn *conn) error {
	var mode string
	err := conn.query(ctx, "PRAGMA journal_mode = WAL", nil, func(r *row) error {
		mode = r.text(0)
		return nil
	})
	if err == nil && mode != "wal" {
		err = fmt.Errorf("the journal mode is %s and can't be changed to wal: is the file on a network file system?", mode)
	}
	return err
}

// connect opens all connections of a store.
func connect(ctx context.Context, config Config, writing *connector, lock *os.File, limits logLimits) (_ *Store, err error) {
	store := &Store{
		path: config.Path, clock: newClock(config.Clock, config.Elapsed), log: config.Logger, observer: config.Observer, onFatal: config.Fatal, keepLog: config.RequestLog, lock: lock, tells: config.LimitThresholds,
		keep:   retention{hours: config.UsageHours, days: ledger.HistoryRetention(config.UsageDays, config.RequestLog), audit: config.AuditLog, events: config.Events},
		writer: make(chan *conn, 1), readers: make(chan *conn, readerCount), closing: make(chan struct{}),
	}
	store.administration = sqladmin.New(administered{store})
	var opened []*conn
	defer func() {
		for _, conn := range opened {
			if err != nil {
				err = errors.Join(err, conn.close())
			}
		}
	}()
	for range 2 { // first: reading connections need the log's index, which they can't create
		conn, err := writing.open(ctx)
		if err != nil {
			return nil, err
		}
		opened = append(opened, conn)
		if err := useLog(ctx, conn); err != nil {
			return nil, err
		}
	}
	if err := store.watchTables(ctx, opened[0]); err != nil {
		return nil, err
	}
	readOnly, err := newConnector(config.Path, "ro", reading)
	if err != nil {
		return nil, err
	}
	for range readerCount {
		conn, err := readOnly.open(ctx)
		if err != nil {
			return nil, err
		}
		opened = append(opened, conn)
		store.readers <- conn
	}
	if store.files, err = identify(config.Path); err != nil {
		return nil, err
	}
	store.writer <- opened[0]
	store.checkpoints = newCheckpointer(store, opened[1], limits)
	store.watching.Go(func() { store.clock.watch(store.closing) })
	store.watching.Go(store.purgeRegularly)
	return store, nil
}

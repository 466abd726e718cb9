package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/adminsock"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/postgres"
	"github.com/ration-dev/ration/sqlite"
)

const (
	// busyWait is how long a command waits for another that has the file open,
	// or for a server that is starting.
	busyWait = 15 * time.Second
	// lockWait is how long one attempt waits for the file's lock.
	lockWait = 200 * time.Millisecond
)

// storeError says that the database could not be opened.
type storeError struct{ err error }

// Error implements error.
func (e *storeError) Error() string { return e.err.Error() }

// Unwrap gives errors.Is and As the cause.
func (e *storeError) Unwrap() error { return e.err }

// creation says whether a command may create the database: one that only reads
// would show an empty one where the path is wrong.
type creation bool

const (
	mustExist creation = false
	mayCreate creation = true
)

// with runs an operation on the database that the settings name.
func (a *app) with(ctx context.Context, create creation, do func(admin.Operations) error) error {
	settings, err := a.settings()
	if err != nil {
		return err
	}
	return a.on(ctx, settings, create, do)
}

// on runs an operation on the database that settings name, or on a server.
func (a *app) on(ctx context.Context, settings config.Config, create creation, do func(admin.Operations) error) (err error) {
	if asksServer(settings) {
		return a.onServer(ctx, settings, do)
	}
	isNew := settings.DB.URL == "" && create == mayCreate && isMissing(settings.DB.Path)
	if isNew {
		if err := a.rehearse(ctx, settings, do); err != nil {
			return fmt.Errorf("%w; no database was created at %s", err, visible(absolute(settings.DB.Path)))
		}
	}
	ops, closeStore, err := openOperations(ctx, settings, newLogger(settings, a.stderr), create)
	if err != nil {
		return &storeError{err}
	}
	if isNew { // even if quiet: the path may be mistyped
		fmt.Fprintf(a.stderr, "created a new, empty database at %s\n", visible(absolute(settings.DB.Path)))
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	return do(ops)
}

// onServer runs an operation on the server that settings name.
func (a *app) onServer(ctx context.Context, settings config.Config, do func(admin.Operations) error) error {
	ops, err := openServer(settings, a.patient)
	if err != nil {
		return err
	}
	return explainServer(ctx, settings, do(ops))
}

// rehearse runs an operation that would create the database on one that is thrown
// away, silently. A command that fails, for instance because its plan is in another
// database, then leaves nothing behind.
func (a *app) rehearse(ctx context.Context, settings config.Config, do func(admin.Operations) error) error {
	dir, err := os.MkdirTemp("", "ration-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	settings.DB.Path = filepath.Join(dir, "ration.db")
	ops, closeStore, err := openFile(ctx, settings, slog.New(slog.DiscardHandler), mayCreate)
	if err != nil {
		return &storeError{err}
	}
	stdout, stderr := a.stdout, a.stderr
	a.stdout, a.stderr = io.Discard, io.Discard
	defer func() { a.stdout, a.stderr = stdout, stderr }()
	return errors.Join(do(ops), closeStore())
}

// openOperations opens the database for administration.
func openOperations(ctx context.Context, settings config.Config, log *slog.Logger, create creation) (admin.Operations, func() error, error) {
	if settings.DB.URL == "" {
		return openFile(ctx, settings, log, create)
	}
	store, err := openPostgres(ctx, settings, log, create)
	if err != nil {
		return nil, nil, err
	}
	return operationsOn(store, settings), store.Close, nil
}

// openFile opens an SQLite file, or reaches the server that has it open. What
// has it open without being a server is another command, which soon ends.
func openFile(ctx context.Context, settings config.Config, log *slog.Logger, create creation) (admin.Operations, func() error, error) {
	path := settings.DB.Path
	if err := checkExists(path, create); err != nil {
		return nil, nil, err
	}
	for deadline := time.Now().Add(busyWait); ; {
		client, dialErr := adminsock.Dial(ctx, path)
		if dialErr == nil {
			return client, func() error { return nil }, nil
		}
		store, err := sqlite.Open(ctx, sqlite.Config{Path: path, LockWait: lockWait, KeepSchema: true, Logger: log})
		switch {
		case err == nil:
			return operationsOn(store, settings), store.Close, nil
		case !errors.Is(err, sqlite.ErrLocked):
			return nil, nil, err
		case time.Now().After(deadline), ctx.Err() != nil:
			return nil, nil, fmt.Errorf("%w; commands can't reach it while that process runs, because %w", err, dialErr)
		}
	}
}

func openPostgres(ctx context.Context, settings config.Config, log *slog.Logger, create creation) (*postgres.Store, error) {
	database := postgres.Config{URL: settings.DB.URL, AcceptUnsafeDurability: settings.AcceptUnsafeDurability, Lanes: settings.Lanes, Logger: log}
	store, err := postgres.Open(ctx, database)
	if schema, ok := errors.AsType[*postgres.SchemaError](err); ok && schema.Have == 0 && create == mayCreate {
		if _, _, err := postgres.Migrate(ctx, database); err != nil {
			return nil, err
		}
		return postgres.Open(ctx, database)
	}
	return store, err
}

func operationsOn(store admin.Store, settings config.Config) *admin.Service {
	return admin.New(store, admin.Config{SecretPrefix: settings.SecretPrefix, Pepper: settings.Pepper, Instance: thisInstance(settings), ConsoleURL: settings.ConsoleURL, PickupURL: pickupURL(settings)})
}

func checkExists(path string, create creation) error {
	if create == mustExist && isMissing(path) {
		return fmt.Errorf("there is no database %q; name the right one with --db or RATION_DB, or create it with 'ration migrate'", absolute(path))
	}
	return nil
}

// absolute is the path as it is from everywhere, so that a wrong directory is seen.
func absolute(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}

func isMissing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

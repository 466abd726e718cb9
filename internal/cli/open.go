package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/sqlite"
)

// storeError says that the database could not be opened.
type storeError struct{ err error }

// Error implements error.
func (e *storeError) Error() string { return e.err.Error() }

// Unwrap gives errors.Is and As the cause.
func (e *storeError) Unwrap() error { return e.err }

// whether a command may create the database: one that only reads would show an
// empty one where the path is wrong.
type creation bool

const (
	mustExist creation = false
	mayCreate creation = true
)

// with runs an operation on the database that the settings name.
func (a *app) with(ctx context.Context, create creation, do func(admin.Operations) error) (err error) {
	settings, err := a.settings()
	if err != nil {
		return err
	}
	store, closeStore, err := openStore(ctx, settings, create)
	if err != nil {
		return &storeError{err}
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	return do(admin.New(store, admin.Config{SecretPrefix: settings.SecretPrefix, Pepper: settings.Pepper}))
}

func (a *app) settings() (config.Config, error) {
	sources := config.Sources{File: a.configFile, Environment: a.environment}
	if a.db != "" {
		sources.Flags = map[string]string{"db": a.db}
	}
	settings, err := config.Load(sources)
	for _, note := range settings.Notes {
		fmt.Fprintln(a.stderr, "ration: note: "+note)
	}
	return settings, err
}

func openStore(ctx context.Context, settings config.Config, create creation) (admin.Store, func() error, error) {
	if settings.DB.URL != "" {
		return nil, nil, errPostgres
	}
	if err := checkExists(settings.DB.Path, create); err != nil {
		return nil, nil, err
	}
	store, err := sqlite.Open(ctx, sqlite.Config{Path: settings.DB.Path})
	if err != nil {
		return nil, nil, err
	}
	return store, store.Close, nil
}

func checkExists(path string, create creation) error {
	if _, err := os.Stat(path); create == mustExist && errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no database %q; name the right one with --db or RATION_DB, or create it with 'ration keys create' or 'ration migrate'", path)
	}
	return nil
}

// actor is who the audit log says it was. The name comes from the operating
// system: variables such as USER can say anything.
func actor() string {
	if current, err := user.Current(); err == nil && current.Username != "" {
		return "cli:" + current.Username
	}
	return "cli:uid-" + strconv.Itoa(os.Getuid())
}

var errPostgres = errors.New("this build has no PostgreSQL store; use an SQLite file")

package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/demo"
	"github.com/ration-dev/ration/sqlite"
)

// makeHistory makes the demo's database with a history, if there is none yet, and reports
// whether it did. Only the demo's own database gets one: any other may be somebody's.
func makeHistory(ctx context.Context, settings config.Config) (made bool, err error) {
	path := settings.DB.Path
	if path == "" || filepath.Clean(path) != filepath.Clean(devDatabase) {
		return false, nil
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return false, nil // whatever it is, opening it says what is wrong
	}
	if made, err = fillInPlace(ctx, path, admin.Config{SecretPrefix: settings.SecretPrefix, Pepper: settings.Pepper}); err != nil {
		return false, fmt.Errorf("%w; 'ration dev --empty' starts without it", err)
	}
	return made, nil
}

// fillInPlace makes the database beside its place and then gives it its name, so that no
// start that is killed leaves half a history behind. If another start was quicker, that
// one's database stays.
func fillInPlace(ctx context.Context, path string, administration admin.Config) (made bool, err error) {
	dir, err := os.MkdirTemp(filepath.Dir(path), filepath.Base(path)+".making-*")
	if err != nil {
		return false, fmt.Errorf("making the demo's history: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	filled := filepath.Join(dir, "demo.db")
	clock := new(demo.Clock)
	store, err := sqlite.Open(ctx, sqlite.Config{Path: filled, Clock: clock.Now})
	if err != nil {
		return false, err
	}
	err = demo.MakeHistory(ctx, store, clock, administration, time.Now())
	if err := errors.Join(err, store.Close()); err != nil {
		return false, err
	}
	switch err := os.Link(filled, path); {
	case errors.Is(err, fs.ErrExist):
		return false, nil
	case err != nil: // not every file system has links
		if err := os.Rename(filled, path); err != nil {
			return false, fmt.Errorf("making the demo's history: %w", err)
		}
	}
	return true, nil
}

package dbcopy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/postgres"
	"github.com/ration-dev/ration/sqlite"
)

// Place is a database: a SQLite file, or one on a PostgreSQL server.
type Place struct {
	Path string // of the file; empty: URL
	URL  string // postgres://…; never in an error
	// AcceptUnsafeDurability accepts a PostgreSQL server as a target that promises
	// no durability.
	AcceptUnsafeDurability bool
	Logger                 *slog.Logger // what the database's store logs to; nil: as there
}

// openSource opens a database of this release's for reading.
func openSource(ctx context.Context, place Place) (side, error) {
	if place.URL == "" {
		if _, err := os.Stat(place.Path); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no database %q", place.Path) // which opening would create
		}
		if err := visitFile(ctx, place); err != nil {
			return nil, err
		}
		return openFile(ctx, place.Path, true)
	}
	place.AcceptUnsafeDurability = true // nothing is written
	return openIdleServer(ctx, place, oneInstant, visitServer)
}

// openTarget opens a database, creating its schema if it has none. One that bears
// the mark is opened, too.
func openTarget(ctx context.Context, place Place) (side, error) {
	if place.URL == "" {
		if err := visitFile(ctx, place); err != nil && !isUnfinished(err) {
			return nil, err
		}
		return openFile(ctx, place.Path, false)
	}
	return openIdleServer(ctx, place, pgx.TxOptions{}, func(ctx context.Context, place Place) error {
		err := visitServer(ctx, place)
		if schema, ok := errors.AsType[*postgres.SchemaError](err); ok && schema.Have == 0 {
			_, _, err = postgres.Migrate(ctx, postgres.Config{URL: place.URL, AcceptUnsafeDurability: place.AcceptUnsafeDurability, Logger: place.Logger})
		}
		if isUnfinished(err) {
			return nil
		}
		return err
	})
}

// openIdleServer visits a server that nobody uses: sessions end a little after a
// visit.
func openIdleServer(ctx context.Context, place Place, options pgx.TxOptions, visit func(context.Context, Place) error) (side, error) {
	opened, err := openServer(ctx, place.URL, options)
	if err != nil {
		return nil, err
	}
	if err = opened.refuseInUse(ctx); err == nil {
		err = visit(ctx, place)
	}
	if err != nil {
		return nil, errors.Join(err, opened.close())
	}
	return opened, nil
}

// visitFile opens and closes a file as a server does, which finds all that is
// wrong with it, and gives a new one its schema.
func visitFile(ctx context.Context, place Place) error {
	store, err := sqlite.Open(ctx, sqlite.Config{Path: place.Path, KeepSchema: true, Logger: place.Logger})
	if err != nil {
		return err
	}
	return store.Close()
}

// visitServer does the same with a PostgreSQL database, but creates no schema.
func visitServer(ctx context.Context, place Place) error {
	store, err := postgres.Open(ctx, postgres.Config{URL: place.URL, Lanes: 1, AcceptUnsafeDurability: place.AcceptUnsafeDurability, Logger: place.Logger})
	if err != nil {
		return err
	}
	return store.Close()
}

// isUnfinished reports whether a store was refused because it bears the mark.
func isUnfinished(err error) bool {
	if schema, ok := errors.AsType[*sqlite.SchemaError](err); ok {
		return schema.Have == admin.UnfinishedCopy
	}
	schema, ok := errors.AsType[*postgres.SchemaError](err)
	return ok && schema.Have == admin.UnfinishedCopy
}

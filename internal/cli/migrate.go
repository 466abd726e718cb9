package cli

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/postgres"
	"github.com/ration-dev/ration/sqlite"
)

// migration is what a migration has done, in JSON.
type migration struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

func (a *app) migrateCommand() *cobra.Command {
	return &cobra.Command{
		Use: "migrate", Short: "Update the schema of the database, or create it",
		Example: `  ration migrate
  ration migrate --db sqlite:./ration.db`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := a.localSettings(cmd)
			if err != nil {
				return err
			}
			from, to, err := migrate(cmd.Context(), settings, newLogger(settings, a.stderr))
			if err != nil {
				return &storeError{err}
			}
			a.say("%s", migrated(from, to, known(settings)))
			return a.show(listing{
				value: migration{from, to}, columns: []column{{name: "from"}, {name: "to"}},
				rows: [][]string{{strconv.FormatInt(from, 10), strconv.FormatInt(to, 10)}},
			})
		},
	}
}

// migrated says what a migration by a release that knows a version has done.
func migrated(from, to, known int64) string {
	switch {
	case from > known:
		return fmt.Sprintf("The schema has version %d, made by a later release. This release knows version %d and works with it. Nothing was changed.", from, known)
	case from == to:
		return "The schema is up to date."
	}
	return "The schema was updated."
}

// known returns the version of the schema that this release makes.
func known(settings config.Config) int64 {
	if settings.DB.URL == "" {
		return sqlite.SchemaVersion()
	}
	return postgres.SchemaVersion()
}

func migrate(ctx context.Context, settings config.Config, log *slog.Logger) (from, to int64, err error) {
	if settings.DB.URL == "" {
		return sqlite.Migrate(ctx, sqlite.Config{Path: settings.DB.Path, LockWait: lockWait, Logger: log})
	}
	return postgres.Migrate(ctx, postgres.Config{URL: settings.DB.URL, AcceptUnsafeDurability: settings.AcceptUnsafeDurability, Logger: log})
}

package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/sqlite"
)

// restored is what a restoration has done, in JSON.
type restored struct {
	File string `json:"file"`
	Kept string `json:"kept"` // empty: there was no database
}

func (a *app) restoreCommand() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "Replace the SQLite database by a copy that 'ration backup' made",
		Long: `Checks a copy that 'ration backup' made, and replaces the database by it. No server
may run on the database. An existing database is replaced only with --force; it is
then kept, whole, under its name with the time added. If the command is interrupted,
you have either the old database or the new one.

A restored database has lost what was charged and changed since the copy was made:
keys can use that part of their quotas again, and keys that were revoked since then
work again. Restore PostgreSQL with its own tools, such as pg_restore.`,
		Example: `  ration restore /backups/ration-2030-01-31.db
  ration restore /backups/ration-2030-01-31.db --force`,
		Args: oneArgument("the copy to restore"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.restore(cmd, args[0], force) },
	}
	cmd.Flags().BoolVar(&force, "force", false, "replace an existing database, and keep it under another name")
	return cmd
}

func (a *app) restore(cmd *cobra.Command, file string, force bool) error {
	settings, err := a.localSettings(cmd)
	if err != nil {
		return err
	}
	if settings.DB.URL != "" {
		return usagef("'ration restore' is for SQLite files; restore PostgreSQL with its own tools, such as pg_restore (see docs/OPERATIONS.md)")
	}
	config := sqlite.RestoreConfig{Path: settings.DB.Path, Backup: file}
	if force {
		config.KeepOld = settings.DB.Path + ".before-" + time.Now().UTC().Format("20060102T150405.000Z")
	}
	replaced, err := sqlite.Restore(cmd.Context(), config)
	switch {
	case errors.Is(err, sqlite.ErrLocked):
		return &storeError{fmt.Errorf("%w; stop it, then try again", err)}
	case errors.Is(err, fs.ErrExist) && !force:
		return usagef("there is a database at %q: --force replaces it, and keeps it under another name", visible(settings.DB.Path))
	case err != nil:
		return err
	}
	done := restored{File: settings.DB.Path}
	if replaced {
		done.Kept = config.KeepOld
	}
	a.say("What was charged and changed since the copy was made is lost: revoke again what was revoked since then. 'ration doctor --deep' checks the whole database.")
	return a.show(listing{value: done, columns: []column{{name: "file"}, {name: "kept"}}, rows: [][]string{{done.File, orDash(done.Kept)}}})
}

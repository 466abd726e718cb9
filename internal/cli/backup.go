package cli

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/internal/admin"
)

func (a *app) backupCommand() *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "Copy the SQLite database to a new file, even while a server runs",
		Long: `Writes a copy of the database, as it is at one instant, to a new file that only
its owner can read. Requests go on meanwhile: a server that has the database open
makes the copy itself. The copy is checked and flushed before it gets its name.
'ration restore' puts it back.

If you copy ration.db by hand while a server runs, that is not a backup: its newest
charges are in the -wal file. Back PostgreSQL up with its own tools, such as pg_dump.`,
		Example: `  ration backup /backups/ration-2030-01-31.db`,
		Args:    oneArgument("the file to write"),
		RunE: func(cmd *cobra.Command, args []string) error {
			settings, err := a.localSettings(cmd)
			if err != nil {
				return err
			}
			if settings.DB.URL != "" {
				return usagef("'ration backup' copies SQLite files; back PostgreSQL up by its own means, such as pg_dump or its archive of the write-ahead log")
			}
			path, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			err = a.with(cmd.Context(), mustExist, func(ops admin.Operations) error { return ops.Backup(cmd.Context(), path) })
			if err != nil {
				return err
			}
			return a.showBackup(path)
		},
	}
}

func (a *app) showBackup(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	value := struct {
		File  string `json:"file"`
		Bytes int64  `json:"bytes"`
	}{path, info.Size()}
	return a.show(listing{value: value, columns: []column{{name: "file"}, {name: "bytes"}}, rows: [][]string{{path, number(info.Size())}}})
}

package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/internal/manual"
)

func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use: "man DIR", Short: "Write the manual pages into a directory",
		Long: `Writes a manual page for every command into a directory, and creates the directory
if it doesn't exist. Packages of Ration contain the pages; start with 'man ration'.`,
		Example: `  ration man /usr/local/share/man/man1`,
		Args:    oneArgument("the directory to write to"),
		RunE: func(cmd *cobra.Command, args []string) error {
			pages := manual.Pages(cmd.Root())
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			for _, page := range pages {
				if err := writePage(filepath.Join(args[0], page.Name), page); err != nil {
					return err
				}
			}
			a.say("Wrote %d pages into %s.", len(pages), visible(args[0]))
			return nil
		},
	}
}

// writePage writes a page that all users can read.
func writePage(path string, page manual.Page) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644) //nolint:gosec // manual pages are for every user
	if err != nil {
		return err
	}
	defer func() {
		if closing := file.Close(); err == nil {
			err = closing
		}
	}()
	if _, err := page.WriteTo(file); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

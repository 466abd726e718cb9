package cli

import (
	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sheet"
	"github.com/ration-dev/ration/internal/wire"
)

func (a *app) auditCommand() *cobra.Command {
	var filter admin.AuditFilter
	var since, until string
	cmd := &cobra.Command{
		Use: "audit", Short: "Show who changed what, newest first",
		Example: `  ration audit --target key_…
  ration audit --actor cli:alice -o json
  ration audit --action key.revoke --since 7d --oldest-first`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if filter.Since, err = parsePast("--since", since); err != nil {
				return err
			}
			if filter.Until, err = parsePast("--until", until); err != nil {
				return err
			}
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				entries, err := ops.ListAudit(cmd.Context(), filter)
				if err != nil {
					return err
				}
				shown := wire.AuditEntries(entries)
				return a.show(listingOf(sheet.Audit, shown, shown, "no entries"))
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&filter.Target, "target", "", `only changes of this: a key id, "plan:NAME" or "token:NAME"`)
	flags.StringVar(&filter.Actor, "actor", "", `only changes by this actor, such as "cli:alice"`)
	flags.StringVar(&filter.Action, "action", "", `only changes of this kind, such as "key.create"`)
	flags.StringVar(&since, "since", "", "only changes from this time on: 7d (7 days ago), 2030-01-31 (from midnight UTC) or 2030-01-31T12:00:00Z")
	flags.StringVar(&until, "until", "", "only changes before this time")
	flags.BoolVar(&filter.OldestFirst, "oldest-first", false, "show the oldest first")
	flags.IntVar(&filter.Limit, "max", 100, "list at most this many")
	return cmd
}

package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

func (a *app) reconcileCommand() *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use: "reconcile", Short: "Add up the request log and compare it with the counts",
		Long: `Adds up each key's entries in the request log (setting request_log_days) and
compares the sums with the counts. It changes nothing.

It takes what was counted before a key's first entry as given. From there on, each
entry must follow from the one before, the last one must lead to the current count,
and a day that began later must be the sum of its entries. A difference also shows
if an instance wrote no log for a while, or after an import of usage or a repair.
If there is a difference, the exit code is 7.`,
		Example: `  ration reconcile
  ration reconcile --key key_…`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) (err error) {
				var filter admin.ReconcileFilter
				if key != "" {
					if filter.KeyID, err = keyID(cmd.Context(), ops, key); err != nil {
						return err
					}
				}
				total, err := reconcileAll(cmd.Context(), ops, filter)
				if err != nil {
					return err
				}
				return a.showReconciliation(wire.Reconciliation(total))
			})
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "only this key: its id, name or owner")
	return cmd
}

// reconcileAll goes on until all keys have been looked at.
func reconcileAll(ctx context.Context, ops admin.Operations, filter admin.ReconcileFilter) (total admin.Reconciliation, err error) {
	for {
		part, err := ops.Reconcile(ctx, filter)
		if err != nil {
			return total, err
		}
		total.Keys += part.Keys
		total.Logged += part.Logged
		total.Entries += part.Entries
		total.Differences = append(total.Differences, part.Differences...)
		if part.Last == (ration.KeyID{}) {
			return total, nil
		}
		filter.After = part.Last
	}
}

func (a *app) showReconciliation(r api.Reconciliation) error {
	list := listing{value: r, columns: []column{
		{name: "key_id"}, {name: "meter"}, {name: "count"}, {name: "where"}, {name: "counted"}, {name: "logged"},
	}}
	for _, d := range r.Differences {
		where := "now"
		switch {
		case d.Date != "":
			where = d.Date
		case d.At != nil:
			where = "before " + instantText(d.At)
		}
		list.rows = append(list.rows, []string{d.KeyID, d.Meter, d.Count, where, string(d.Counted), string(d.Logged)})
	}
	if a.format == formatTable && len(list.rows) == 0 {
		if !a.quiet {
			fmt.Fprintln(a.stdout, reconciledText(r))
		}
		return nil
	}
	if err := a.show(list); err != nil || len(list.rows) == 0 {
		return err
	}
	return &differencesError{len(list.rows)}
}

// differencesError says that counts and the request log don't agree.
type differencesError struct{ count int }

// Error implements error.
func (e *differencesError) Error() string {
	if e.count == 1 {
		return "1 count is not the sum of its entries"
	}
	return fmt.Sprintf("%d counts are not the sums of their entries", e.count)
}

func reconciledText(r api.Reconciliation) string {
	if r.Entries == 0 {
		return fmt.Sprintf("There is nothing to add up: the request log has no entries (%s). Set request_log_days to write it.", counted(r.Keys, "key", "keys"))
	}
	return fmt.Sprintf("All counts are the sums of their entries: %s of %s; %s none.",
		counted(r.Entries, "entry", "entries"), counted(r.Logged, "key", "keys"), counted(r.Keys-r.Logged, "key has", "keys have"))
}

// counted says how many there are, of one or of several.
func counted[N int | int64](n N, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, several)
}

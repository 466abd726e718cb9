package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sheet"
	"github.com/ration-dev/ration/internal/wire"
)

func (a *app) keysShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show KEY", Short: "Show a key, its limits, what remains of them, and its usage", Args: oneKey,
		Example: `  ration keys show key_…
  ration keys show "Alice's laptop" -o json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				id, err := keyID(cmd.Context(), ops, args[0])
				if err != nil {
					return err
				}
				status, err := ops.ShowKey(cmd.Context(), id)
				if err != nil {
					return err
				}
				return a.showKeyStatus(wire.KeyStatus(status))
			})
		},
	}
}

// showKeyStatus prints a table for each part of it; CSV has one line a limit.
func (a *app) showKeyStatus(status api.KeyStatus) error {
	switch {
	case a.format == formatTable && a.quiet:
		fmt.Fprintln(a.stdout, status.ID)
		return nil
	case a.format != formatTable:
		return a.show(limitListing(status))
	}
	fmt.Fprint(a.stdout, keySheet(status))
	for _, part := range []listing{limitListing(status), overrideListing(status), usageListing(status), secretListing(status)} {
		if len(part.rows) == 0 {
			continue
		}
		fmt.Fprintln(a.stdout)
		if err := showTable(a.stdout, part); err != nil {
			return err
		}
	}
	return nil
}

// keySheet is the key itself, a line a field; fields that are empty are left out.
func keySheet(status api.KeyStatus) string {
	var page strings.Builder
	for _, line := range [][2]string{
		{"Key", status.ID},
		{"Name", status.Name},
		{"Owner", status.Owner},
		{"Plan", sheet.Plan(&status.KeyRecord)},
		{"Status", sheet.Status(&status.KeyRecord)},
		{"Unlimited", sheet.Unlimited(status.NoLimit)},
		{"Expires", instantText(status.ExpiresAt)},
		{"Scopes", strings.Join(status.Scopes, " ")},
		{"Allowed IPs", strings.Join(status.AllowedIPs, " ")},
		{"Time zone", status.PeriodZone},
		{"Created", instantText(&status.CreatedAt)},
		{"Updated", instantText(&status.UpdatedAt)},
	} {
		if line[1] != "" {
			fmt.Fprintf(&page, "%-12s %s\n", line[0]+":", visible(line[1]))
		}
	}
	for _, name := range sortedNames(status.Metadata) {
		fmt.Fprintf(&page, "%-12s %s = %s\n", "Metadata:", visible(name), visible(status.Metadata[name]))
	}
	return page.String()
}

func limitListing(status api.KeyStatus) listing {
	list := listing{value: status, columns: []column{
		{name: "limit"},
		{name: "meter"},
		{name: "allows"},
		{name: "used"},
		{name: "reserved"},
		{name: "remaining"},
		{name: "resets_at"},
		{name: "from"},
	}}
	for _, limit := range status.Limits {
		from := "plan"
		if limit.Override {
			from = "key"
		}
		list.rows = append(list.rows, []string{
			limit.Name, limit.Meter, limitText(limit.PlanLimit), string(limit.Used), string(limit.Reserved),
			string(limit.Remaining), instantText(limit.ResetsAt), from,
		})
	}
	return list
}

// overrideListing has the key's own limits that don't show above: those that
// lift a limit, and those with an end.
func overrideListing(status api.KeyStatus) listing {
	list := listing{columns: []column{{name: "own_limit"}, {name: "meter"}, {name: "allows"}, {name: "until"}}}
	for _, override := range status.Overrides {
		allows := limitText(override.PlanLimit)
		if override.Unlimited {
			allows = "unlimited" + perText(override.PlanLimit)
		}
		if override.Removed {
			allows = "as the plan says" + perText(override.PlanLimit)
		}
		until := "for good" + coveredText(status, override)
		if override.ExpiresAt != nil {
			until = instantText(override.ExpiresAt)
			if !status.At.Before(*override.ExpiresAt) {
				until += " (over)"
			}
		}
		if override.StartsAt != nil {
			until = "for good, from " + instantText(override.StartsAt) + " on"
		}
		list.rows = append(list.rows, []string{override.Name, override.Meter, allows, until})
	}
	return list
}

// coveredText says of a lasting limit from when on it holds, if a temporary one is
// above it, or until when, if another will take its place.
func coveredText(status api.KeyStatus, lasting api.Override) string {
	for _, next := range status.Overrides {
		if next.StartsAt != nil && lasting.StartsAt == nil && next.Meter == lasting.Meter && next.Kind == lasting.Kind && next.Period == lasting.Period {
			return ", until " + instantText(next.StartsAt)
		}
	}
	for _, above := range status.Overrides {
		if above.ExpiresAt != nil && status.At.Before(*above.ExpiresAt) && above.Meter == lasting.Meter && above.Kind == lasting.Kind && above.Period == lasting.Period {
			return ", from " + instantText(above.ExpiresAt) + " on"
		}
	}
	return ""
}

func usageListing(status api.KeyStatus) listing {
	list := listing{columns: []column{
		{name: "used_on"},
		{name: "hour"},
		{name: "day"},
		{name: "week"},
		{name: "month"},
		{name: "ever"},
		{name: "reserved"},
		{name: "denied"},
		{name: "last_request_at"},
	}}
	for _, usage := range status.Usage {
		list.rows = append(list.rows, []string{
			usage.Meter, string(usage.Hour), string(usage.Day), string(usage.Week), string(usage.Month), string(usage.Used),
			string(usage.Reserved), number(usage.Denied), instantText(usage.LastRequestAt),
		})
	}
	return list
}

func secretListing(status api.KeyStatus) listing {
	list := listing{columns: []column{
		{name: "secret"}, {name: "label"}, {name: "status"}, {name: "created_at"}, {name: "expires_at"}, {name: "last_used_at"}, {name: "id"},
	}}
	for _, secret := range status.Secrets {
		state := "active"
		switch {
		case secret.RevokedAt != nil:
			state = "revoked"
		case secret.ExpiresAt != nil && !status.At.Before(*secret.ExpiresAt):
			state = "expired"
		}
		list.rows = append(list.rows, []string{
			secret.Start + "…" + secret.End, secret.Label, state, instantText(&secret.CreatedAt),
			instantText(secret.ExpiresAt), instantText(secret.LastUsedAt), secret.ID,
		})
	}
	return list
}

func limitText(limit api.PlanLimit) string {
	return string(limit.Quantity) + perText(limit) + burstText(limit)
}

// burstText is the burst of a rate, if it is another than its quantity.
func burstText(limit api.PlanLimit) string {
	if limit.Burst == "0" || limit.Burst == limit.Quantity {
		return ""
	}
	return " burst " + string(limit.Burst)
}

// perText says by what a limit counts: a period, or what is in flight.
func perText(limit api.PlanLimit) string {
	if limit.Kind == string(ration.KindConcurrent) {
		return " at once"
	}
	return "/" + limit.Period
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func sortedNames[V any](entries map[string]V) []string {
	names := make([]string, 0, len(entries))
	for name := range entries {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// dateText is the present UTC date.
func dateText(t time.Time) string { return t.UTC().Format(time.DateOnly) }

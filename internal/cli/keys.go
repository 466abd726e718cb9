package cli

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

func (a *app) keysCommand() *cobra.Command {
	return a.group("keys", "Create, show and change keys",
		a.keysCreateCommand(), a.keysListCommand(), a.keysShowCommand(), a.keysUpdateCommand(), a.keysRotateCommand(),
		a.keysSecretCommand(), a.keysImportCommand(),
		a.keysResetCommand(), a.keysDisableCommand(), a.keysEnableCommand(), a.keysRevokeCommand(),
	)
}

var keyColumns = []column{
	{name: "id"},
	{name: "name"},
	{name: "owner"},
	{name: "plan"},
	{name: "status"},
	{name: "expires_at"},
	{name: "scopes", wide: true},
	{name: "allowed_ips", wide: true},
	{name: "time_zone", wide: true},
	{name: "secrets", wide: true},
	{name: "created_at"},
	{name: "updated_at", wide: true},
	{name: "unlimited", wide: true},
}

// withToday adds what keys used today, before the times.
func (l listing) withToday(keys []api.KeyRecord) listing {
	const after = 5 // id, name, owner, plan, status
	l.columns = slices.Insert(slices.Clone(l.columns), after, column{name: "used_today"}, column{name: "day_limit"})
	for i, key := range keys {
		used, limit := todayText(key.Today)
		l.rows[i] = slices.Insert(l.rows[i], after, used, limit)
	}
	return l
}

func todayText(today *api.Today) (used, limit string) {
	if today == nil {
		return "", ""
	}
	if today.Limit != nil {
		limit = number(*today.Limit)
	}
	return number(today.Used), limit
}

func keyListing(value any, keys ...api.KeyRecord) listing {
	list := listing{value: value, columns: keyColumns, empty: "no keys; create one with 'ration keys create NAME'"}
	for _, key := range keys {
		list.rows = append(list.rows, []string{
			key.ID, key.Name, key.Owner, key.Plan + nextPlanText(key), statusText(key), instantText(key.ExpiresAt),
			strings.Join(key.Scopes, " "), strings.Join(key.AllowedIPs, " "), key.TimeZone, strconv.Itoa(len(key.Secrets)),
			instantText(&key.CreatedAt), instantText(&key.UpdatedAt), unlimitedText(key.NoLimit),
		})
	}
	return list
}

func statusText(key api.KeyRecord) string {
	if key.Expired && key.Status == string(ration.StatusActive) {
		return "expired"
	}
	return key.Status
}

// showKey prints a key that was changed.
func (a *app) showKey(record admin.KeyRecord) error {
	a.sayNoLimit(record)
	key := wire.Key(record, time.Now())
	return a.show(keyListing(key, key))
}

// showIssued prints a secret that was just made: alone, so that a script can
// take it, with the rest of what there is to know beside it.
func (a *app) showIssued(issued admin.IssuedSecret, done string) error {
	a.sayNoLimit(issued.Key)
	shown := wire.IssuedSecret(issued)
	if a.format == formatTable {
		a.say("%s key %s (%s). This is its secret; it is not shown again:", done, shown.Key.ID, visible(shown.Key.Name))
		return a.showSecret(issued.Secret)
	}
	return a.show(listing{
		value: shown, columns: []column{{name: "key_id"}, {name: "secret_id"}, {name: "secret"}},
		rows: [][]string{{shown.Key.ID, shown.SecretID, shown.Secret}},
	})
}

func oneKey(cmd *cobra.Command, args []string) error {
	return oneArgument("the id of a key")(cmd, args)
}

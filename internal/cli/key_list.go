package cli

import (
	"context"
	"reflect"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sheet"
	"github.com/ration-dev/ration/internal/wire"
)

func (a *app) keysListCommand() *cobra.Command {
	var filter admin.KeyFilter
	var status, unlimited, sort, after string
	cmd := &cobra.Command{
		Use: "list", Short: "List keys, oldest first, and what they used today", Args: noArguments,
		Long: `Lists keys, oldest first, with the requests that each has used on its current day, in
its own time zone, and what its limit for the day allows, if it has one. 'ration keys
show' shows all limits and meters of one key, 'ration usage' what was used earlier.

--search finds keys by beginnings of words of their name or owner, whatever their case
and accents, by the start of a secret as lists show it, or by an id.`,
		Example: `  ration keys list --plan free --status active
  ration keys list --search "ada ex" --sort name
  ration keys list --owner alice -o json
  ration keys list --unlimited=unmarked -q`,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if filter.Limit == 0 { // for the administration itself, it is no bound
				return &ration.InvalidError{Field: "limit", Value: "0", Reason: "use 1 to 100000"}
			}
			filter.Status, filter.Unlimited = ration.Status(status), admin.Unlimited(unlimited)
			if filter.Sort, filter.Descending, err = parseSort(sort); err != nil {
				return err
			}
			last, err := parseAfter(after)
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				asked := filter
				asked.WithToday = true
				if asked.After, err = positionOf(cmd.Context(), ops, &filter, last); err != nil {
					return err
				}
				records, err := admin.FirstKeys(cmd.Context(), ops, asked)
				if err != nil {
					return err
				}
				if len(records) == 0 && last.IsZero() {
					if err := a.sayNoMatch(cmd.Context(), ops, filter); err != nil {
						return err
					}
				}
				keys := wire.Keys(records, time.Now())
				if len(keys) > 0 && len(keys) == filter.Limit {
					a.say("There may be more: continue with --after %s", keys[len(keys)-1].ID)
				}
				return a.show(foundKeys(filter, keys))
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&filter.Owner, "owner", "", "only this owner's")
	flags.StringVar(&filter.Plan, "plan", "", "only those with this plan")
	flags.StringVar(&status, "status", "", "only pending, active, disabled, revoked or rejected ones")
	flags.StringVar(&filter.Name, "name", "", "only those with exactly this name")
	flags.StringVar(&filter.Search, "search", "", "only those that are found by this text")
	flags.StringVar(&sort, "sort", "created_at", "the order: created_at, name or owner; with - before it reversed (--sort=-name)")
	flags.StringVar(&unlimited, "unlimited", "", "only those without any limit, now or when a temporary one ends; with =unmarked or =marked, only those without or with the mark that this is intended")
	flags.Lookup("unlimited").NoOptDefVal = string(admin.UnlimitedAny)
	flags.StringVar(&after, "after", "", "only those after this id: the last one of the previous page")
	flags.IntVar(&filter.Limit, "max", 1000, "list at most this many")
	return cmd
}

// foundKeys is the list of keys that were asked for. Of those without a limit it
// says whether that is meant.
func foundKeys(filter admin.KeyFilter, keys []api.KeyRecord) listing {
	list := listingOf(sheet.KeysToday, keys, keys, "no keys; create one with 'ration keys create NAME'")
	if filter.Unlimited != "" {
		list.columns[len(list.columns)-1].wide = false
	}
	if !selectsAll(filter) {
		list.empty = ""
	}
	return list
}

// sayNoMatch says why a filter finds no key. That a plan isn't there is an error.
func (a *app) sayNoMatch(ctx context.Context, ops admin.Operations, filter admin.KeyFilter) error {
	if selectsAll(filter) {
		return nil
	}
	if err := checkPlan(ctx, ops, filter.Plan); err != nil {
		return err
	}
	a.say("%s", errNoMatch(ctx, ops, " that matches these filters", filter))
	return nil
}

// selectsAll reports whether a filter leaves out no key by what it is.
func selectsAll(filter admin.KeyFilter) bool {
	return reflect.DeepEqual(filter, admin.KeyFilter{Limit: filter.Limit, Sort: filter.Sort, Descending: filter.Descending})
}

// parseSort reads an order as the admin API has it.
func parseSort(text string) (sort admin.KeySort, descending bool, err error) {
	name, descending := strings.CutPrefix(text, "-")
	switch sort := admin.KeySort(name); {
	case name == "created_at":
		return "", descending, nil
	case sort == admin.SortByName, sort == admin.SortByOwner:
		return sort, descending, nil
	}
	return "", false, &ration.InvalidError{Field: "sort", Value: text, Reason: "use created_at, name or owner, or one of these with - before it"}
}

// positionOf returns where the last key of the page before is in the order of a filter.
func positionOf(ctx context.Context, ops admin.Operations, filter *admin.KeyFilter, last ration.KeyID) (admin.KeyPosition, error) {
	if last.IsZero() || filter.Sort == "" {
		return admin.KeyPosition{ID: last}, nil
	}
	key, err := ops.ShowKey(ctx, last)
	if err != nil {
		return admin.KeyPosition{}, err
	}
	return filter.Position(&key.Key), nil
}

func parseAfter(text string) (ration.KeyID, error) {
	if text == "" {
		return ration.KeyID{}, nil
	}
	return ration.ParseKeyID(text)
}

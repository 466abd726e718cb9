package cli

import (
	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
	"github.com/ration-dev/ration/rationadmin"
)

func (a *app) requestsCommand() *cobra.Command {
	return a.group("requests", "List requests for keys", a.requestsListCommand())
}

func (a *app) requestsListCommand() *cobra.Command {
	var filter admin.KeyRequestFilter
	var state string
	cmd := &cobra.Command{
		Use: "list", Short: "List requests for keys, newest first", Args: noArguments,
		Long: `Lists requests for keys, newest first: what people wrote who asked for a key where
key_requests is on. Nobody has checked who they are. Decide with 'ration keys approve' and
'ration keys reject'. A request that was rejected, or that nobody decided within 30 days,
is deleted 30 days later, with its key.`,
		Example: `  ration requests list --state pending
  ration requests list -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				filter.State = admin.RequestState(state)
				requests, err := ops.ListKeyRequests(cmd.Context(), filter)
				if err != nil {
					return err
				}
				if len(requests) > 0 && len(requests) == filter.Limit {
					a.say("There may be more: raise --max, or choose --state")
				}
				shown := wire.KeyRequests(requests)
				return a.show(requestsListing(shown, shown))
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&state, "state", "", "only pending, approved, rejected, picked_up, expired or withdrawn ones")
	flags.IntVar(&filter.Limit, "max", 1000, "list at most this many")
	return cmd
}

func requestStates() (names []string) {
	for _, state := range rationadmin.RequestStates {
		names = append(names, string(state))
	}
	return names
}

func requestsListing(requests []api.KeyRequest, value any) listing {
	list := listing{
		value: value, empty: "no requests for keys",
		columns: []column{
			{name: "key_id"},
			{name: "state"},
			{name: "name"},
			{name: "email"},
			{name: "reason"},
			{name: "from", wide: true},
			{name: "asked_at"},
			{name: "expires_at", wide: true},
			{name: "decided_by"},
			{name: "decided_at", wide: true},
			{name: "decision_reason", wide: true},
			{name: "plan", wide: true},
			{name: "owner", wide: true},
			{name: "pickup_until", wide: true},
			{name: "picked_up_at", wide: true},
		},
	}
	for i := range requests {
		r := &requests[i]
		list.rows = append(list.rows, []string{
			r.ID, r.State, r.Name, r.Email, r.Reason, r.From, instantText(&r.AskedAt), instantText(&r.ExpiresAt), r.DecidedBy, instantText(r.DecidedAt), r.DecisionReason,
			r.Plan, r.Owner, instantText(r.PickupUntil), instantText(r.PickedUpAt),
		})
	}
	return list
}

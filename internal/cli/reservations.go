package cli

import (
	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

func (a *app) reservationsCommand() *cobra.Command {
	var filter admin.ReservationFilter
	var key, state string
	cmd := &cobra.Command{
		Use: "reservations", Short: "List reservations, newest first",
		Long: `Lists reservations, newest first: what is reserved until somebody settles or voids it,
and what ended in the last 7 days. The programs that made them settle and void them,
through the verify API; what nobody ends in time expires by itself.`,
		Example: `  ration reservations --state open
  ration reservations --key key_… -o json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) (err error) {
				filter.State = ration.ReservationState(state)
				if key != "" {
					if filter.KeyID, err = keyID(cmd.Context(), ops, key); err != nil {
						return err
					}
				}
				found, err := ops.ListReservations(cmd.Context(), filter)
				if err != nil {
					return err
				}
				if len(found) > 0 && len(found) == filter.Limit {
					a.say("There may be more: raise --max, or choose --key and --state")
				}
				return a.show(reservationsListing(wire.Reservations(found)))
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&key, "key", "", "only this key's: its id, name or owner")
	flags.StringVar(&state, "state", "", "only open, settled, voided or expired ones")
	flags.IntVar(&filter.Limit, "max", 1000, "list at most this many")
	return cmd
}

func reservationsListing(reservations []api.Reservation) listing {
	list := listing{
		value: reservations, empty: "no reservations",
		columns: []column{
			{name: "id"},
			{name: "key"},
			{name: "state"},
			{name: "held"},
			{name: "settled"},
			{name: "created_at"},
			{name: "expires_at"},
			{name: "ended_at"},
			{name: "at_expiry", wide: true},
			{name: "late_at", wide: true},
		},
	}
	for i := range reservations {
		r := &reservations[i]
		list.rows = append(list.rows, []string{
			r.ID, r.Key, r.State, amountsText(r.Held), amountsText(r.Settled),
			instantText(&r.CreatedAt), instantText(&r.ExpiresAt), instantText(r.EndedAt), r.AtExpiry, instantText(r.LateAt),
		})
	}
	return list
}

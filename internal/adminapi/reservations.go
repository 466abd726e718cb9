package adminapi

import (
	"context"
	"net/http"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

const tagReservations = "reservations"

func (a *API) registerReservations() {
	register(a, operation{
		id: "listReservations", method: http.MethodGet, path: "/reservations", tag: tagReservations, scope: scopeRead,
		summary: "List reservations", about: "Open ones, and those that ended in the last 7 days. The verify API settles and voids them.",
	}, listReservations)
}

type listReservationsInput struct {
	Key   string `query:"key" doc:"Only this key's, by its id."`
	State string `query:"state" enum:"open,settled,voided,expired" doc:"Only those in this state."`
	Sort  string `query:"sort" enum:"-id,id" default:"-id" doc:"The order: by id, which has the time in it, the newest or the oldest first."`
	Paging
}

func listReservations(ctx context.Context, c Caller, in *listReservationsInput) (*reply[api.Page[api.Reservation]], error) {
	filter := admin.ReservationFilter{State: ration.ReservationState(in.State), OldestFirst: in.Sort == "id"}
	var err error
	if filter.KeyID, err = readKeyParameter(in.Key); err != nil {
		return nil, err
	}
	reservations := list[ration.Reservation, api.Reservation, admin.ReservationPosition]{
		name: wire.ListOfReservations, show: wire.Reservations, place: admin.ReservationAt,
		find: func(ctx context.Context, after admin.ReservationPosition, most int) ([]ration.Reservation, error) {
			filter.After, filter.Limit = after, most
			return c.Operations.ListReservations(ctx, filter)
		},
	}
	return reservations.page(ctx, in.Paging)
}

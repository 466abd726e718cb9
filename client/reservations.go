package client

import (
	"context"
	"iter"
	"net/url"

	"github.com/ration-dev/ration/api"
)

// ReservationQuery selects reservations. A zero field does not restrict the selection.
// Their orders are "-id", the newest first, and "id".
type ReservationQuery struct {
	Key   string // a key's id
	State string // open, settled, voided or expired
	Paging
}

// Values returns the parameters of the request.
func (q ReservationQuery) Values() url.Values { return q.parameters("key", q.Key, "state", q.State) }

// ListReservations returns one page of reservations: open ones, and those that ended in
// the last 7 days.
func (a *Admin) ListReservations(ctx context.Context, query ReservationQuery) (api.Page[api.Reservation], error) {
	return list[api.Reservation](ctx, a, "/reservations", query.Values())
}

// Reservations returns all reservations that match, page by page. The sequence ends after
// an error.
func (a *Admin) Reservations(ctx context.Context, query ReservationQuery) iter.Seq2[api.Reservation, error] {
	return items(query.Cursor, func(cursor string) (api.Page[api.Reservation], error) {
		query.Cursor = cursor
		return a.ListReservations(ctx, query)
	})
}

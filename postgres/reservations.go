package postgres

import (
	"context"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/sqladmin"
	"github.com/ration-dev/ration/internal/storedjson"
)

// reservationColumns is what reservation reads.
const reservationColumns = "api_key_id, id, state, at_expiry, held, settled, created_at, expires_at, ended_at, late_at, fingerprint, limits"

const defaultReservations = 1000

// Reservations implements [ration.Store]. It finds a key's reservations by the
// primary key, an id by the index reservations_id, and due ones by reservations_due.
func (s *Store) Reservations(ctx context.Context, filter ration.ReservationFilter) (found []ration.Reservation, err error) {
	var where sqladmin.Where
	if !filter.KeyID.IsZero() {
		where.And("api_key_id = ?", filter.KeyID)
	}
	if !filter.ID.IsZero() {
		where.And("id = ?", filter.ID)
	}
	if filter.Open || filter.Due {
		where.Always("state = 'open'")
	}
	if filter.Due {
		where.Always("expires_at <= (SELECT ration_now())") // once, or no index would serve it
	}
	sql, params := numbered("SELECT "+reservationColumns+" FROM reservations"+where.SQL()+" ORDER BY expires_at, id LIMIT ?",
		where.With(sqladmin.LimitOr(filter.Limit, defaultReservations)))
	err = s.read(ctx, "reading reservations", func(ctx context.Context, q querier) error {
		found = nil
		return query(ctx, q, sql, func(r *row) { found = append(found, r.reservation()) }, params...)
	})
	return found, err
}

// reservation reads a row of reservationColumns.
func (r *row) reservation() ration.Reservation {
	reservation := ration.Reservation{
		KeyID: r.uuid(), ID: r.uuid(), State: ration.ReservationState(r.text()), AtExpiry: ration.AtExpiry(r.text()),
	}
	held, settled := r.json(), r.json()
	reservation.CreatedAt, reservation.ExpiresAt, reservation.EndedAt, reservation.LateAt = r.time(), r.time(), r.time(), r.time()
	reservation.Fingerprint = r.digest()
	limits := r.json()
	var errs [3]error
	reservation.Held, errs[0] = storedjson.ReadPostings(held)
	reservation.Settled, errs[1] = storedjson.ReadAmounts(settled)
	reservation.Limits, errs[2] = storedjson.ReadLimits(limits)
	for _, err := range errs {
		if err != nil && r.err == nil {
			r.err = err
		}
	}
	return reservation
}

// json reads a jsonb, without the version before its text; NULL is nil.
func (r *row) json() []byte {
	column := r.take(-1)
	if len(column) == 0 {
		return nil
	}
	if column[0] != jsonbVersion {
		r.err = errColumn
		return nil
	}
	return column[1:]
}

// jsonbVersion comes before the text of a jsonb in binary format.
const jsonbVersion = 1

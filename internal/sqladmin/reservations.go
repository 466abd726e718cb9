package sqladmin

import (
	"context"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/storedjson"
)

const defaultReservationLimit = 1_000

// ListReservations implements admin.Usage. It reads the index reservations_id backwards,
// or a key's by the primary key. Those in one state are picked from these, or PostgreSQL
// sorts the open ones that the index reservations_due has.
func (s *Store) ListReservations(ctx context.Context, filter admin.ReservationFilter) (found []ration.Reservation, err error) {
	by := order{[]string{"id", "api_key_id"}, !filter.OldestFirst}
	where := reservationsWhere(filter)
	if after := filter.After; !after.ID.IsZero() {
		where.after(by, after.ID, after.KeyID)
	}
	sql := `SELECT api_key_id, id, state, at_expiry, held, COALESCE(settled, 'null'), created_at, expires_at, ended_at, late_at
		FROM reservations` + where.SQL() + by.SQL() + ` LIMIT ?`
	err = s.db.Read(ctx, "listing reservations", func(ctx context.Context, r Reader) error {
		found = nil
		return r.Query(ctx, sql, func(row Row) { found = append(found, readReservation(row)) },
			where.With(LimitOr(filter.Limit, defaultReservationLimit))...)
	})
	return found, err
}

// OpenReservations implements admin.Usage. It reads the index reservations_due.
func (s *Store) OpenReservations(ctx context.Context, most int) (open admin.OpenReservations, err error) {
	const sql = `SELECT count(*), min(created_at)
		FROM (SELECT created_at FROM reservations WHERE state = 'open' ORDER BY expires_at LIMIT ?) AS found`
	err = s.db.Read(ctx, "counting open reservations", func(ctx context.Context, r Reader) error {
		if open.Now, err = r.Now(ctx); err != nil {
			return err
		}
		return r.Query(ctx, sql, func(row Row) { open.Count, open.Oldest = row.Int(), row.Time() }, LimitOr(most, most))
	})
	return open, err
}

func reservationsWhere(filter admin.ReservationFilter) (where Where) {
	if !filter.KeyID.IsZero() {
		where.And("api_key_id = ?", filter.KeyID)
	}
	if filter.State == ration.ReservationOpen {
		where.Always("state = 'open'") // as the partial indexes have it
	} else {
		where.andText("state", string(filter.State))
	}
	var keys Where
	keys.andOneOf("owner", filter.Owners)
	keys.andOneOf("plan", filter.Plans)
	if text := keys.SQL(); text != "" {
		where.And("api_key_id IN (SELECT id FROM api_keys"+text+")", keys.Args...)
	}
	return where
}

func readReservation(row Row) ration.Reservation {
	reservation := ration.Reservation{
		KeyID: row.ID(), ID: row.ID(), State: ration.ReservationState(row.Text()), AtExpiry: ration.AtExpiry(row.Text()),
	}
	var err error
	reservation.Held, err = storedjson.ReadPostings(row.JSON())
	row.Fail(err)
	if settled := row.JSON(); string(settled) != "null" {
		reservation.Settled, err = storedjson.ReadAmounts(settled)
		row.Fail(err)
	}
	reservation.CreatedAt, reservation.ExpiresAt, reservation.EndedAt, reservation.LateAt = row.Time(), row.Time(), row.Time(), row.Time()
	return reservation
}

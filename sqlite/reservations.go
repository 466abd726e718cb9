package sqlite

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
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
		where.And("expires_at <= ?", s.now())
	}
	query := "SELECT " + reservationColumns + " FROM reservations" + where.SQL() + " ORDER BY expires_at, id LIMIT ?"
	values := valuesOf(where.With(sqladmin.LimitOr(filter.Limit, defaultReservations)))
	err = s.read(ctx, func(conn *conn) error {
		return conn.query(ctx, query, values, func(r *row) error {
			found = append(found, r.reservation())
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading reservations: %w", err)
	}
	return found, nil
}

const insertReservation = "INSERT INTO reservations (" + reservationColumns + ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"

// By the primary key of reservations.
const endReservation = "UPDATE reservations SET state = ?, settled = ?, ended_at = ?, late_at = ? WHERE api_key_id = ? AND id = ?"

func reservationValues(key []byte, r *ration.Reservation) []any {
	return []any{
		key, blob(r.ID), string(r.State), string(r.AtExpiry), storedjson.Postings(r.Held), optionalString(storedjson.Amounts(r.Settled)),
		micros(r.CreatedAt), micros(r.ExpiresAt), optionalMicros(r.EndedAt), optionalMicros(r.LateAt), r.Fingerprint[:], storedjson.Limits(r.Limits),
	}
}

// reservation reads a row of reservationColumns.
func (r *row) reservation() ration.Reservation {
	reservation := ration.Reservation{
		KeyID: ration.KeyID(r.id(0)), ID: ration.ReservationID(r.id(1)),
		State: ration.ReservationState(r.text(2)), AtExpiry: ration.AtExpiry(r.text(3)),
		CreatedAt: r.time(6), ExpiresAt: r.time(7), EndedAt: r.time(8), LateAt: r.time(9),
		Fingerprint: ration.Fingerprint(r.digest(10)),
	}
	var err error
	if reservation.Held, err = storedjson.ReadPostings([]byte(r.text(4))); err != nil {
		r.fail(4)
	}
	if reservation.Settled, err = storedjson.ReadAmounts([]byte(r.optionalText(5))); err != nil {
		r.fail(5)
	}
	if reservation.Limits, err = storedjson.ReadLimits([]byte(r.text(11))); err != nil {
		r.fail(11)
	}
	return reservation
}

// By the primary key of idempotency_keys. What is there by the same key is
// remembered no longer.
const rememberReplay = `INSERT INTO idempotency_keys (api_key_id, key, fingerprint, answer, created_at) VALUES (?,?,?,?,?)
ON CONFLICT (api_key_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, answer = excluded.answer, created_at = excluded.created_at`

const forgetReplay = "DELETE FROM idempotency_keys WHERE api_key_id = ? AND key = ?"

func replayValues(key []byte, replay *ledger.Replay) []any {
	return []any{key, replay.Key, replay.Fingerprint[:], storedjson.Answer(replay), micros(replay.CreatedAt)}
}

func (r *row) replay(id ration.KeyID, key string) ledger.Replay {
	replay := ledger.Replay{Key: key, Fingerprint: ration.Fingerprint(r.digest(0)), CreatedAt: r.time(1)}
	if err := storedjson.ReadAnswer([]byte(r.text(2)), id, &replay); err != nil {
		r.fail(2)
	}
	return replay
}

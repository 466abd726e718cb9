package rationadmin

import (
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
)

// NameFilter selects what is listed by name: plans and meters. A zero field does not
// restrict the selection. Names are in the order of their bytes.
type NameFilter struct {
	Descending bool
	After      string // only names that come later in the order: pass the last name of the page before
	Limit      int    // most returned; 0: all
}

// TokenFilter selects service tokens. A zero field does not restrict the selection.
type TokenFilter struct {
	ByName     bool // in the order of their names, and not of their creation
	Descending bool
	After      TokenPosition // only tokens that come later in the order: pass the position of the last token of the page before
	Limit      int           // most returned; 0: all
}

// TokenPosition is where a token is in both orders. The zero TokenPosition is before all
// tokens, in any order.
type TokenPosition struct {
	Name      string
	CreatedAt time.Time
	ID        uuid.UUID
}

// Position returns where the token is.
func (t *Token) Position() TokenPosition { return TokenPosition{t.Name, t.CreatedAt, t.ID} }

// ReservationFilter selects reservations. A zero field does not restrict the selection.
// Reservations that ended are kept for [ration.ReservationRetention].
type ReservationFilter struct {
	KeyID ration.KeyID
	State ration.ReservationState

	// Owners and Plans select the reservations of keys with one of them, as in a
	// [KeyFilter].
	Owners, Plans []string

	OldestFirst bool
	After       ReservationPosition // only reservations that come later in the order: pass the position of the last one of the page before
	Limit       int                 // most returned; 0: 1,000
}

// ReservationPosition is where a reservation is in the order of ids, which have the time
// in them. The zero ReservationPosition is before all reservations, in either order.
type ReservationPosition struct {
	ID    ration.ReservationID
	KeyID ration.KeyID // two keys may have reservations with one id
}

// ReservationAt returns where a reservation is.
func ReservationAt(r *ration.Reservation) ReservationPosition {
	return ReservationPosition{r.ID, r.KeyID}
}

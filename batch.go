package ration

import "github.com/google/uuid"

// Batch is what one transaction of a [Store] decides.
type Batch struct {
	ID    uuid.UUID // random; a store that can lose a commit's answer recognises the batch by it
	Items []Item    // at least one
}

// Item is one of a batch: a charge, an end of a reservation or a refund. Exactly
// one of the pointers is set, and what it points to is valid and never changed.
type Item struct {
	KeyID    KeyID    // whom it is about
	SecretID SecretID // which secret of the key was sent; zero: none was

	Charge *Charge // normalised, without Secret and KeyID
	End    *End
	Refund *Receipt // to give back
}

// IsDryRun reports whether the item changes nothing, whatever is decided.
func (i *Item) IsDryRun() bool { return i.Charge != nil && i.Charge.DryRun }

// EndAction is a way to end a reservation.
type EndAction string

// The ways to end one.
const (
	EndSettle EndAction = "settle"
	EndVoid   EndAction = "void"
	EndExpire EndAction = "expire" // where it is due
)

// End ends a reservation of a key. It is safe to repeat: the same end again gets
// the same answer.
type End struct {
	ID      ReservationID
	Action  EndAction
	Amounts []Amount // of EndSettle; see [Settlement]
	Overage Overage  // of EndSettle; see [Settlement]. Never empty
}

package ration

import (
	"time"

	"github.com/google/uuid"
)

// Batch is what one transaction of a [Store] decides.
type Batch struct {
	ID    uuid.UUID // random; after a lost answer to a COMMIT, a store recognises the batch by it
	Items []Item    // at least one
}

// Item is one entry of a batch: a charge, the end of a reservation, a refund, or what
// becomes of leases.
// Exactly one of the pointers is set. What it points to is valid, and nobody changes
// it.
type Item struct {
	KeyID    KeyID    // the key that the item is about
	SecretID SecretID // which secret of the key was sent; zero: none was
	Token    Digest   // of the service token that has to be valid; zero: none has to be

	Charge *Charge // normalised, without Secret, KeyID and Token
	End    *End
	Refund *Receipt // the receipt of the charge to give back
	Leases *Leases

	LeaseTTL time.Duration // of a charge that is InFlight: how long its lease lasts if nobody renews it
}

// Leases are leases of one key that are renewed or ended together.
type Leases struct {
	Leases []Lease
	TTL    time.Duration // how much longer they last from now on; 0: they end
}

// IsDryRun reports whether the item changes nothing, whatever the decision is.
func (i *Item) IsDryRun() bool { return i.Charge != nil && i.Charge.DryRun }

// EndAction is a way to end a reservation.
type EndAction string

// The ways to end a reservation.
const (
	EndSettle EndAction = "settle"
	EndVoid   EndAction = "void"
	EndExpire EndAction = "expire" // ends it only if it is due: open, with its expiry in the past
)

// End ends a reservation of a key: it settles, voids or expires it. An End is safe to
// repeat: the same End gets the same answer.
type End struct {
	ID      ReservationID
	Action  EndAction
	Amounts []Amount // only for EndSettle; see [Settlement]
	Overage Overage  // only for EndSettle; see [Settlement]. Never empty
}

package admin

import (
	"context"
	"time"

	"github.com/ration-dev/ration"
)

// KeyRequests stores what people wrote who asked for keys, and links to pick up keys. The
// methods of [Keys] that change keys write them, in the same transaction: see
// [AskedChange].
type KeyRequests interface {
	// KeyRequest returns the request that a key was made for. Error: ErrNotFound.
	KeyRequest(ctx context.Context, id ration.KeyID) (KeyRequest, error)
	// ListKeyRequests returns the requests that match and are within reach, the newest
	// first. See [Reach.hasRequest].
	ListKeyRequests(ctx context.Context, filter KeyRequestFilter, reach Reach) ([]KeyRequest, error)
	// PickupLink returns the link of a code, its key, the request for that if there was
	// one, and the store's time. All of it is one state of the database. Error: ErrNotFound.
	PickupLink(ctx context.Context, code ration.Digest) (FoundPickup, error)
	// DeleteKeyRequests deletes what is kept no longer: links whose end is
	// PickupRetention ago; and requests that were rejected or have expired
	// RequestRetention ago, by the store's time and by the given one, with their links and
	// with those of their keys that [NeverUsed] says may go. It takes at most
	// MaxKeysAtOnce of them, and returns how many requests and links were deleted.
	DeleteKeyRequests(ctx context.Context, now time.Time) (deleted int, err error)
}

// FoundPickup is a link with all that its answer depends on.
type FoundPickup struct {
	Link    PickupLink
	Status  ration.Status // of the key
	Request *KeyRequest   // nil: nobody asked for the key
	Now     time.Time     // the store's time
}

// AskingReader reads requests and links as the transaction that changes a key sees them.
type AskingReader interface {
	// Undecided counts the requests that wait for a decision. It keeps others from
	// asking until the transaction ends.
	Undecided() (int, error)
	// Request returns the request that a key was made for. Error: ErrNotFound.
	Request(id ration.KeyID) (KeyRequest, error)
	// Link returns the link of a code. Error: ErrNotFound.
	Link(code ration.Digest) (PickupLink, error)
}

// AskedChange is what a change of a key writes of requests and links. Nil writes nothing.
type AskedChange struct {
	Request  *KeyRequest // of a new key
	Decision *KeyDecision
	Link     *NewLink
	PickedUp *ration.Digest // the code of the link that is used up now; it must not have been before
}

// KeyDecision decides the request that the key was made for, if there was one.
type KeyDecision struct {
	State       RequestState // RequestApproved or RequestRejected
	By          string
	Reason      string
	PickupUntil time.Time // the end of links that wait; zero: they stay as they are
}

// NewLink is a link to be stored, by the digest of its code.
type NewLink struct {
	PickupLink
	Code ration.Digest
}

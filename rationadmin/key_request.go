package rationadmin

import (
	"time"

	"github.com/ration-dev/ration"
)

// KeyRequest is what somebody wrote who asked for a key, and what became of it. The key is
// there from the beginning: it has the status pending, and no secret. Nobody has checked
// that the name and the e-mail address are those of the asker.
type KeyRequest struct {
	KeyID  ration.KeyID // the key that was asked for, by which the request is known
	Name   string       // of the key
	Email  string
	Reason string // why a key is needed; empty: nothing was said
	From   string // the address that it came from; empty: unknown

	State     RequestState
	AskedAt   time.Time
	ExpiresAt time.Time // when it can no longer be approved or rejected

	Decision       RequestState // RequestApproved or RequestRejected; empty: nobody has decided
	DecidedAt      time.Time
	DecidedBy      string // the actor
	DecisionReason string // why it was rejected; the asker reads it

	Owner, Plan string    // of the key, once it is approved
	PickupUntil time.Time // until when the key can be picked up; zero: no link for it waits
	PickedUpAt  time.Time // zero: it was not picked up
}

// RequestState is what has become of a request, or of a link to pick up a key.
type RequestState string

// The states of a request.
const (
	RequestPending   RequestState = "pending"   // nobody has decided yet
	RequestApproved  RequestState = "approved"  // the key can be picked up
	RequestRejected  RequestState = "rejected"  // the asker gets no key
	RequestPickedUp  RequestState = "picked_up" // the asker has the secret; nobody gets it again
	RequestExpired   RequestState = "expired"   // nobody decided in time; of a link: nobody used it in time
	RequestWithdrawn RequestState = "withdrawn" // the key was disabled or revoked before it was picked up
)

// RequestStates are all of them.
var RequestStates = []RequestState{RequestPending, RequestApproved, RequestRejected, RequestPickedUp, RequestExpired, RequestWithdrawn}

const (
	// RequestLife is how long a request can be decided, and how long an approved key can
	// be picked up with the link from asking: nobody tells the asker, who has to look.
	RequestLife = 30 * 24 * time.Hour
	// RequestRetention is how long a request is kept after it was rejected or has
	// expired. Then it is deleted, with its key.
	RequestRetention = 30 * 24 * time.Hour
)

// KeyRequestFilter selects requests. They are in the order of their keys' ids, the newest
// first. A zero field does not restrict the selection.
type KeyRequestFilter struct {
	State RequestState
	After ration.KeyID // only requests that come later in the order: pass the last one of the page before
	Limit int          // most requests returned; 0: 1,000
}

// KeyApproval approves a request.
type KeyApproval struct {
	ID        ration.KeyID
	Plan      string  // empty only if Unlimited
	Owner     *string // nil: the e-mail address of the request
	Unlimited bool    // the missing limit is intended; refused if the key has a limit
}

// KeyRejection rejects a request.
type KeyRejection struct {
	ID     ration.KeyID
	Reason string // the asker reads it
}

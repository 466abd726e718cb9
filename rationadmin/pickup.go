package rationadmin

import (
	"fmt"
	"time"

	"github.com/ration-dev/ration"
)

const (
	// PickupLife is how long a link to pick up a key is valid, unless another time is
	// given.
	PickupLife = 7 * 24 * time.Hour
	// PickupRetention is how long a link is kept after its end, so that who uses it then
	// is told what became of it.
	PickupRetention = 30 * 24 * time.Hour
)

// NewPickup describes a link with which somebody picks up a secret of a key, once. The
// secret is made only then, so nobody else sees it.
type NewPickup struct {
	ID        ration.KeyID
	Label     string    // of the secret; empty: DefaultSecretLabel
	ExpiresAt time.Time // zero: PickupLife after now
}

// PickupLink is such a link. Its code can't be shown again.
type PickupLink struct {
	KeyID      ration.KeyID
	Label      string // of the secret
	CreatedBy  string // the actor
	CreatedAt  time.Time
	ExpiresAt  time.Time
	PickedUpAt time.Time // zero: it was not used
}

// IssuedPickup is a link that was just made, with its code. The code is as good as the
// secret until somebody has used it.
type IssuedPickup struct {
	PickupLink
	Code ration.Secret
	Page string // the URL of a page that picks it up; empty: none is known
}

// URL returns the URL that whoever picks up the key opens, empty if there is no page. No
// server gets what is after the #, so the code is in no log.
func (p *IssuedPickup) URL() string {
	if p.Page == "" {
		return ""
	}
	return p.Page + "#" + p.Code.Reveal()
}

// PickupError says why a link gives no secret.
type PickupError struct {
	State RequestState
	At    time.Time // since when; zero: not known
}

// Error implements error.
func (e *PickupError) Error() string {
	switch e.State {
	case RequestPending:
		return "nobody has decided about the request yet"
	case RequestRejected:
		return "the request was rejected"
	case RequestPickedUp:
		return fmt.Sprintf("the key was picked up at %s, and its secret can't be shown again; whoever runs the API can make another link", e.At.UTC().Format(time.RFC3339))
	case RequestExpired:
		return "the link has expired; whoever runs the API can make another one"
	case RequestWithdrawn:
		return "the key was disabled or revoked"
	}
	return "the link gives no secret"
}

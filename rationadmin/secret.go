package rationadmin

import (
	"time"

	"github.com/ration-dev/ration"
)

// Rotation replaces the secrets with one label by a new secret. The key keeps its id,
// its limits and its history.
type Rotation struct {
	ID      ration.KeyID
	Label   string        // empty: the key's only label in use
	Overlap time.Duration // how long the old secrets stay valid; 0 revokes them at once, as is right after a leak
}

// NewKeySecret describes a further secret of a key, for another device or service of
// the same account.
type NewKeySecret struct {
	ID        ration.KeyID
	Label     string    // must differ from those of the key's secrets in use; rotation finds secrets by it
	ExpiresAt time.Time // zero: never
}

// KeySecret identifies one secret of a key.
type KeySecret struct {
	ID       ration.KeyID
	SecretID ration.SecretID
}

// DefaultSecretLabel is the label of a secret that was given none.
const DefaultSecretLabel = "default"

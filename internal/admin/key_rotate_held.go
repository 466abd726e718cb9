package admin

import (
	"context"
	"fmt"
	"time"

	"github.com/ration-dev/ration"
)

// The bounds of what holders do to their own keys, which hold on every instance because
// the key itself has what they are about.
const (
	// leastSecretAge is how old a secret has to be before its holder can replace it.
	leastSecretAge = time.Minute
	// maxHeldSecrets is how many secrets with one label may hold before its holder can
	// make another one. Decisions read them all.
	maxHeldSecrets = 5
)

// Errors of RotateHeld. All are [ration.ErrConflict] too.
var (
	// ErrReplaced refuses a secret in whose place there is a newer one: whoever finds an
	// old secret must not get a new one by it.
	ErrReplaced = fmt.Errorf("%w: the secret was replaced by a newer one; rotate that one", ration.ErrConflict)
	// ErrTooYoung refuses a secret that was made just now.
	ErrTooYoung = fmt.Errorf("%w: the secret was made less than %s ago; wait as long", ration.ErrConflict, leastSecretAge)
	// ErrTooManyHeld refuses a further secret while several former ones are still valid.
	ErrTooManyHeld = fmt.Errorf("%w: %d secrets with this label are still valid; wait until the former ones have ended, or ask the operator", ration.ErrConflict, maxHeldSecrets)
	// ErrNotUsable refuses a secret that calls can't be made with.
	ErrNotUsable = fmt.Errorf("%w: the key or the secret can't be used", ration.ErrConflict)
)

// HolderActor is how the actor of a change begins that the holder of a key has made by
// its secret. The key's id follows.
const HolderActor = "holder:"

// RotateHeld replaces a secret by a new one, for whoever holds it, who is the actor. The
// secret, and others with its label that are still valid, end after the overlap, as in
// RotateKey. Errors: ErrNotFound for a secret that no key has; [ErrReplaced],
// [ErrTooYoung], [ErrTooManyHeld], [ErrNotUsable]; InvalidError for the overlap.
func (s *Service) RotateHeld(ctx context.Context, held ration.Secret, overlap time.Duration) (IssuedSecret, error) {
	found, err := s.store.ResolveDigests(ctx, []ration.Digest{held.Digest(s.config.Pepper)})
	if err != nil {
		return IssuedSecret{}, err
	}
	if len(found) != 1 || found[0].KeyID.IsZero() {
		return IssuedSecret{}, ration.ErrNotFound
	}
	id, secretID := found[0].KeyID, found[0].SecretID
	rotation := Rotation{ID: id, Overlap: overlap}
	return s.rotate(ctx, HolderActor+id.String(), rotation, func(change *KeyChange) (string, error) {
		return labelOfHeld(change, secretID)
	})
}

// labelOfHeld returns the label of a secret that its holder may replace.
func labelOfHeld(change *KeyChange, id ration.SecretID) (string, error) {
	held := ration.SecretState{}
	for _, secret := range change.Key.Secrets {
		if secret.ID == id {
			held = secret
		}
	}
	key := &change.Key.Key
	if held.ID != id || !secretHolds(held, change.Now) || key.Status != ration.StatusActive || key.ExpiredAt(change.Now) {
		return "", ErrNotUsable
	}
	inUse := 0
	for _, secret := range change.Key.Secrets {
		if secret.Label != held.Label || !secretHolds(secret, change.Now) {
			continue
		}
		if secret.CreatedAt.After(held.CreatedAt) {
			return "", ErrReplaced
		}
		inUse++
	}
	switch {
	case change.Now.Sub(held.CreatedAt) < leastSecretAge:
		return "", ErrTooYoung
	case inUse >= maxHeldSecrets:
		return "", ErrTooManyHeld
	}
	return held.Label, nil
}

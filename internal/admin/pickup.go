package admin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

const (
	// codePrefix follows the secret prefix in the code of a link, so that nobody takes it
	// for a key's secret.
	codePrefix = "_pickup"
	// maxPickupLife bounds how long a link is valid.
	maxPickupLife = 366 * 24 * time.Hour
	// pickupActor is who picks up a key, as far as anybody knows.
	pickupActor = "pickup"
)

// CreatePickup makes a link with which somebody picks up a further secret of an active key.
func (s *Service) CreatePickup(ctx context.Context, actor string, pickup NewPickup) (IssuedPickup, error) {
	pickup.Label = cmp.Or(pickup.Label, DefaultSecretLabel)
	if err := validateLabel(pickup.Label); err != nil {
		return IssuedPickup{}, err
	}
	code := s.newCode()
	var made PickupLink
	issue := func(KeyRecord) IssuedPickup { return s.issuedPickup(made, code) }
	record, err := s.changeKey(Answering(ctx, issue), actor, "key.create_pickup", pickup.ID, func(change *KeyChange) error {
		link, err := newLink(change, actor, pickup, code.Digest(s.config.Pepper))
		if err != nil {
			return err
		}
		made, change.Asked.Link = link.PickupLink, link
		return takesPickup(change, pickup.Label)
	})
	if err != nil {
		return IssuedPickup{}, err
	}
	return issue(record), nil
}

func (s *Service) issuedPickup(link PickupLink, code ration.Secret) IssuedPickup {
	return IssuedPickup{PickupLink: link, Code: code, Page: s.config.PickupURL}
}

func (s *Service) newCode() ration.Secret {
	return ration.NewSecret(s.config.SecretPrefix + codePrefix)
}

// newLink returns a link for the key of a change.
func newLink(change *KeyChange, actor string, pickup NewPickup, code ration.Digest) (*NewLink, error) {
	end := toStored(pickup.ExpiresAt)
	if end.IsZero() {
		end = change.Now.Add(PickupLife)
	}
	if err := validateEnd("pickup_until", end, change.Now); err != nil {
		return nil, err
	}
	if end.After(change.Now.Add(maxPickupLife)) {
		return nil, &ration.InvalidError{Field: "pickup_until", Value: end.Format(time.RFC3339), Reason: "a link is valid for at most 366 days"}
	}
	return &NewLink{
		PickupLink: PickupLink{KeyID: change.Key.ID, Label: pickup.Label, CreatedBy: actor, CreatedAt: change.Now, ExpiresAt: end},
		Code:       code,
	}, nil
}

// takesPickup refuses a key that gets no secret with a label.
func takesPickup(change *KeyChange, label string) error {
	if status := change.Key.Status; status == ration.StatusDisabled {
		return fmt.Errorf("%w: key %s is %s; enable it first", ration.ErrConflict, change.Key.ID, status)
	}
	if slices.Contains(labelsInUse(change.Key.Secrets, change.Now), label) {
		return fmt.Errorf("secret labelled %q of key %s: %w; revoke it if nobody has it, or use another label", label, change.Key.ID, ration.ErrExists)
	}
	return takesSecret(&change.Key, change.Now)
}

// pickedUp is a change that a link makes: the key gets its secret.
type pickedUp struct {
	service  *Service
	digest   ration.Digest // of the link's code
	secret   ration.Secret
	secretID ration.SecretID
}

// PickUp makes the secret that a link is for, and returns it: once. Of several who use the
// link at the same moment, one gets the secret. Errors: ErrNotFound for a code that no link
// has, or not any more; a [*PickupError]; ErrConflict if the key can't have the secret now.
func (s *Service) PickUp(ctx context.Context, code ration.Secret) (IssuedSecret, error) {
	found, err := s.pickup(ctx, code)
	if err != nil {
		return IssuedSecret{}, err
	}
	if err := pickupProblem(&found.Link, found.Status, found.Request, found.Now); err != nil {
		return IssuedSecret{}, err
	}
	p := &pickedUp{service: s, digest: s.codeDigest(code), secret: ration.NewSecret(s.config.SecretPrefix), secretID: ration.NewSecretID()}
	record, err := s.changeKey(ctx, pickupActor, "key.pick_up", found.Link.KeyID, p.apply)
	if err != nil {
		return IssuedSecret{}, err
	}
	return IssuedSecret{Key: record, SecretID: p.secretID, Secret: p.secret}, nil
}

// apply looks again, now under the key's lock.
func (p *pickedUp) apply(change *KeyChange) error {
	link, err := change.Asking.Link(p.digest)
	if err != nil {
		return err
	}
	if err := pickupProblem(&link, change.Key.Status, nil, change.Now); err != nil {
		return err
	}
	if err := takesPickup(change, link.Label); err != nil {
		return err
	}
	change.NewSecrets = []NewSecret{p.service.newSecret(p.secretID, link.Label, p.secret, change.Now)}
	change.Asked.PickedUp = &p.digest
	return nil
}

// pickup finds the link of a code. All codes are made by Ration and have a checksum: a text
// without one is refused without a read.
func (s *Service) pickup(ctx context.Context, code ration.Secret) (FoundPickup, error) {
	unknown := fmt.Errorf("a link with this code: %w; check that all of it was copied", ration.ErrNotFound)
	if len(code.Reveal()) > ration.MaxSecretLength || !code.Generated() {
		return FoundPickup{}, unknown
	}
	found, err := s.store.PickupLink(ctx, s.codeDigest(code))
	if isNotFound(err) {
		err = unknown
	}
	return found, err
}

func (s *Service) codeDigest(code ration.Secret) ration.Digest { return code.Digest(s.config.Pepper) }

// pickupProblem returns why a link gives no secret; nil: it does. Of a key that was asked
// for, the request says when it was decided, and when it expired.
func pickupProblem(link *PickupLink, status ration.Status, request *KeyRequest, now time.Time) error {
	problem := func(state RequestState, at time.Time) error { return &PickupError{State: state, At: at} }
	switch {
	case !link.PickedUpAt.IsZero():
		return problem(RequestPickedUp, link.PickedUpAt)
	case status == ration.StatusRejected && request != nil:
		return problem(RequestRejected, request.DecidedAt)
	case status == ration.StatusRejected:
		return problem(RequestRejected, time.Time{})
	case status != ration.StatusActive && status != ration.StatusPending:
		return problem(RequestWithdrawn, time.Time{})
	case !now.Before(link.ExpiresAt):
		return problem(RequestExpired, link.ExpiresAt)
	case status == ration.StatusPending:
		return problem(RequestPending, time.Time{})
	}
	return nil
}

package admin

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/ration-dev/ration"
)

const (
	// askActor is who asks for a key, as far as anybody knows.
	askActor = "request"
	// MaxUndecided is how many requests may wait for a decision.
	MaxUndecided = 1000

	minEmailLength = 3
)

// ErrTooManyRequests means that nobody can ask for a key until somebody has decided about
// those that wait.
var ErrTooManyRequests = errors.New("too many requests for keys wait for a decision")

// KeyAsking is what somebody writes who asks for a key.
type KeyAsking struct {
	Name   string // of the key
	Email  string // whatever has an @ within it; nobody checks whose it is
	Reason string
}

// AskedKey is a request with the code by which the asker sees what becomes of it, and picks
// up the key.
type AskedKey struct {
	Request KeyRequest
	Pickup  IssuedPickup
}

// PickupState is what whoever has a code may know of its link.
type PickupState struct {
	KeyID     ration.KeyID
	Name      string // of the key, as the asker wrote it; empty: nobody has asked
	State     RequestState
	Reason    string    // why the request was rejected
	ExpiresAt time.Time // until when it can be decided or picked up
}

// AskForKey keeps a request for a key: a key that waits for a decision, without a secret.
// The audit log doesn't tell who asks, because that can't be deleted from it. Error besides
// those of [Operations]: ErrTooManyRequests.
func (s *Service) AskForKey(ctx context.Context, asking KeyAsking) (AskedKey, error) {
	by, err := authorOf(ctx, askActor)
	if err != nil {
		return AskedKey{}, err
	}
	if asking, err = normalizeAsking(asking); err != nil {
		return AskedKey{}, err
	}
	code := s.newCode()
	var request KeyRequest
	var link PickupLink
	_, err = s.store.CreateKey(ctx, func(change *KeyChange) error {
		waiting, err := change.Asking.Undecided()
		if err != nil {
			return err
		}
		if waiting >= MaxUndecided {
			return ErrTooManyRequests
		}
		now := change.Now
		change.Key = KeyRecord{Key: ration.Key{ID: ration.NewKeyID(), Name: asking.Name, Status: ration.StatusPending, CreatedAt: now, UpdatedAt: now}}
		request = KeyRequest{
			KeyID: change.Key.ID, Name: asking.Name, Email: asking.Email, Reason: asking.Reason, From: by.origin.From,
			State: RequestPending, AskedAt: now, ExpiresAt: now.Add(RequestLife), PickupUntil: now.Add(RequestLife),
		}
		link = PickupLink{KeyID: change.Key.ID, Label: DefaultSecretLabel, CreatedBy: askActor, CreatedAt: now, ExpiresAt: request.ExpiresAt}
		change.Asked = AskedChange{Request: &request, Link: &NewLink{PickupLink: link, Code: s.codeDigest(code)}}
		change.Audit, err = by.audit("key.ask", change.Key.ID.String(), nil, fields{"status": ration.StatusPending})
		return err
	})
	if err != nil {
		return AskedKey{}, err
	}
	return AskedKey{Request: request, Pickup: s.issuedPickup(link, code)}, nil
}

// normalizeAsking checks what a stranger wrote. Whether an address exists can't be seen from
// its form, and there are odder ones than any rule expects: one @ within it is enough.
func normalizeAsking(asking KeyAsking) (KeyAsking, error) {
	asking = KeyAsking{Name: strings.TrimSpace(asking.Name), Email: strings.TrimSpace(asking.Email), Reason: oneLine(asking.Reason)}
	if err := validateText("name", asking.Name, 1, MaxTextLength); err != nil {
		return KeyAsking{}, err
	}
	if err := validateText("email", asking.Email, minEmailLength, MaxTextLength); err != nil {
		return KeyAsking{}, err
	}
	if at := strings.LastIndexByte(asking.Email, '@'); at < 1 || at == len(asking.Email)-1 {
		return KeyAsking{}, &ration.InvalidError{Field: "email", Value: asking.Email, Reason: `use an address such as "ann@example.com"`}
	}
	return asking, validateText("reason", asking.Reason, 0, MaxReasonLength)
}

// KeyRequestState says what has become of a request, or of a link that was made without
// one. Error: ErrNotFound for a code that no link has, or not any more.
func (s *Service) KeyRequestState(ctx context.Context, code ration.Secret) (PickupState, error) {
	found, err := s.pickup(ctx, code)
	if err != nil {
		return PickupState{}, err
	}
	state := PickupState{KeyID: found.Link.KeyID, State: RequestApproved, ExpiresAt: found.Link.ExpiresAt}
	if found.Request != nil {
		state.Name, state.Reason = found.Request.Name, found.Request.DecisionReason
	}
	if problem, has := errors.AsType[*PickupError](pickupProblem(&found.Link, found.Status, found.Request, found.Now)); has {
		state.State = problem.State
	}
	return state, nil
}

func isNotFound(err error) bool { return errors.Is(err, ration.ErrNotFound) }

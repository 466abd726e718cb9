package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/rationadmin"
)

// MaxReasonLength is the most characters of why a key is asked for, or refused.
const MaxReasonLength = 1000

// ListKeyRequests returns the requests that match, the newest first. A narrowed token sees
// those within its reach.
func (s *Service) ListKeyRequests(ctx context.Context, filter KeyRequestFilter) ([]KeyRequest, error) {
	if err := ValidatePageSize(filter.Limit); err != nil {
		return nil, err
	}
	if filter.State != "" && !slices.Contains(rationadmin.RequestStates, filter.State) {
		return nil, &ration.InvalidError{Field: "state", Value: string(filter.State), Reason: "use pending, approved, rejected, picked_up, expired or withdrawn"}
	}
	return s.store.ListKeyRequests(ctx, filter, s.reach)
}

// ShowKeyRequest returns the request that a key was made for. Error: ErrNotFound.
func (s *Service) ShowKeyRequest(ctx context.Context, id ration.KeyID) (KeyRequest, error) {
	request, err := s.store.KeyRequest(ctx, id)
	if err == nil && !s.reach.hasRequest(&request) || errors.Is(err, ration.ErrNotFound) {
		return KeyRequest{}, fmt.Errorf("a request for key %s: %w", id, ration.ErrNotFound)
	}
	return request, err
}

// hasRequest reports whether a request is within reach. A key that was approved is so as
// any other. Before, it has no owner and no plan: then its owner counts as the e-mail
// address, which it gets unless whoever approves says otherwise, and its plan as any.
func (r Reach) hasRequest(request *KeyRequest) bool {
	if request.Decision == RequestApproved {
		return r.has(&ration.Key{Owner: request.Owner, Plan: request.Plan})
	}
	return len(r.Owners) == 0 || slices.Contains(r.Owners, request.Email)
}

// ApproveKey gives a pending key a plan and an owner, and makes it active. Of several who
// decide at once, one does, and the others' error says who.
func (s *Service) ApproveKey(ctx context.Context, actor string, approval KeyApproval) (KeyRecord, error) {
	if approval.Plan == "" && !approval.Unlimited {
		return KeyRecord{}, &ration.InvalidError{Field: "plan", Reason: "name the plan that the key gets, or say that it has no limits (unlimited)"}
	}
	return s.decideRequest(ctx, actor, "key.approve", approval.ID, func(change *KeyChange, request *KeyRequest) error {
		owner := &request.Email
		if approval.Owner != nil {
			owner = approval.Owner
		}
		if err := s.reach.admit(owner, &approval.Plan); err != nil {
			return err
		}
		key := change.Key.Key
		key.Status, key.Plan, key.Owner = ration.StatusActive, approval.Plan, cmp.Or(*owner, key.Owner)
		key, err := normalizeKey(key)
		if err != nil {
			return err
		}
		change.Key.Key = key
		set(&change.Key.Unlimited, &approval.Unlimited)
		if _, err := change.settle(approval.Unlimited); err != nil {
			return err
		}
		change.Asked.Decision = &KeyDecision{State: RequestApproved, By: actor, PickupUntil: change.Now.Add(RequestLife)}
		return nil
	})
}

// RejectKey refuses a pending key for good.
func (s *Service) RejectKey(ctx context.Context, actor string, rejection KeyRejection) (KeyRecord, error) {
	reason := oneLine(rejection.Reason)
	if err := validateText("reason", reason, 1, MaxReasonLength); err != nil {
		return KeyRecord{}, err
	}
	return s.decideRequest(ctx, actor, "key.reject", rejection.ID, func(change *KeyChange, _ *KeyRequest) error {
		change.Key.Status = ration.StatusRejected
		change.Asked.Decision = &KeyDecision{State: RequestRejected, By: actor, Reason: reason}
		return nil
	})
}

// decideRequest changes a pending key, whose request decide gets; for a key that nobody
// asked for it is empty.
func (s *Service) decideRequest(ctx context.Context, actor, action string, id ration.KeyID, decide func(*KeyChange, *KeyRequest) error) (KeyRecord, error) {
	var request KeyRequest
	within := func(change *KeyChange) (err error) {
		request, err = change.Asking.Request(id)
		switch {
		case errors.Is(err, ration.ErrNotFound):
			request = KeyRequest{}
			return s.hasKey(change)
		case err == nil && !s.reach.hasRequest(&request):
			return ration.ErrNotFound
		}
		return err
	}
	return s.changeKeyWithin(ctx, actor, action, id, within, func(change *KeyChange) error {
		if err := undecided(change, &request); err != nil {
			return err
		}
		return decide(change, &request)
	})
}

// undecided refuses a decision about what was decided, or has expired.
func undecided(change *KeyChange, request *KeyRequest) error {
	state := change.Key.Status
	switch {
	case request.Decision != "":
		return fmt.Errorf("%w: the request for key %s was %s by %s at %s", ration.ErrConflict, change.Key.ID, request.Decision, request.DecidedBy, request.DecidedAt.UTC().Format(time.RFC3339))
	case state != ration.StatusPending:
		return fmt.Errorf("%w: key %s is %s, so there is nothing to decide", ration.ErrConflict, change.Key.ID, state)
	case request.State == RequestExpired:
		return fmt.Errorf("%w: the request for key %s has expired at %s; the asker has to ask again", ration.ErrConflict, change.Key.ID, request.ExpiresAt.UTC().Format(time.RFC3339))
	}
	return nil
}

// StateOfRequest says what has become of a request, by the status of its key and the
// store's time.
func StateOfRequest(request *KeyRequest, status ration.Status, now time.Time) RequestState {
	switch {
	case !request.PickedUpAt.IsZero():
		return RequestPickedUp
	case request.Decision == RequestRejected:
		return RequestRejected
	case status == ration.StatusDisabled || status == ration.StatusRevoked:
		return RequestWithdrawn
	case request.Decision == RequestApproved:
		return RequestApproved
	case !now.Before(request.ExpiresAt):
		return RequestExpired
	}
	return RequestPending
}

// NeverUsed reports whether a key may be deleted with the request for it: it was never
// approved, had no secret, and nothing was counted on it.
func NeverUsed(key *KeyRecord, usage ledger.Usage) bool {
	if key.Status != ration.StatusPending && key.Status != ration.StatusRejected || len(key.Secrets) > 0 {
		return false
	}
	return !slices.ContainsFunc(usage, func(meter ledger.MeterUsage) bool { return meter.Used+meter.Reserved+meter.Denied > 0 })
}

// oneLine writes a text with several lines as one: it is shown in tables and terminals.
func oneLine(text string) string {
	return strings.TrimSpace(strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\t", " ").Replace(text))
}

package admin

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
)

// ErrLoginLinkInvalid means that there is no such login link, that it was used, that it has
// expired, or that its token has. It does not say which.
var ErrLoginLinkInvalid = errors.New("the login link is not valid")

const (
	// loginPrefix follows the secret prefix in the code of a login link.
	loginPrefix = "_login"
	// leastLoginLinkValid is how long a login link is valid at least.
	leastLoginLinkValid = time.Minute
)

// CreateLoginLink creates a link that logs somebody in once. What is made with a service
// token lasts no longer than the token. Error: ErrNotFound for an unknown plan.
func (s *Service) CreateLoginLink(ctx context.Context, actor string, link NewLoginLink) (IssuedLoginLink, error) {
	by, err := authorOf(ctx, actor)
	if err := errors.Join(err, validateText("for", link.For, 1, MaxTextLength)); err != nil {
		return IssuedLoginLink{}, err
	}
	if link, err = s.normalizeLoginLink(link); err != nil {
		return IssuedLoginLink{}, err
	}
	for _, plan := range link.Plans {
		if _, err := s.store.Plan(ctx, plan); err != nil {
			return IssuedLoginLink{}, named(planNamed(plan), err)
		}
	}
	record := LoginLink{
		ID: uuid.Must(uuid.NewV7()), For: link.For, Scopes: link.Scopes, Owners: link.Owners, Plans: link.Plans,
		CreatedBy: actor, TokenID: by.origin.TokenID,
	}
	details := fields{"for": link.For, "scopes": link.Scopes, "valid": link.Valid.String()}
	details.add("owners", link.Owners, len(link.Owners) > 0)
	details.add("plans", link.Plans, len(link.Plans) > 0)
	audit, err := by.audit("login_link.create", "login_link:"+record.ID.String(), nil, details)
	if err != nil {
		return IssuedLoginLink{}, err
	}
	code := ration.NewSecret(s.config.SecretPrefix + loginPrefix)
	created, err := s.store.CreateLoginLink(ctx, record, code.Digest(s.config.Pepper), link.Valid, audit)
	if err != nil {
		return IssuedLoginLink{}, err
	}
	issued := IssuedLoginLink{LoginLink: created, Code: code}
	if s.config.ConsoleURL != "" {
		issued.URL = rationadmin.LoginURL(s.config.ConsoleURL, code)
	}
	return issued, nil
}

// normalizeLoginLink fills in what is left out, and checks the rest.
func (s *Service) normalizeLoginLink(link NewLoginLink) (NewLoginLink, error) {
	var err error
	if len(link.Scopes) == 0 {
		link.Scopes = []string{ScopeAdmin}
	}
	if link.Scopes, err = normalizeSessionScopes(link.Scopes); err != nil {
		return NewLoginLink{}, err
	}
	for _, list := range []struct {
		field  string
		texts  *[]string
		within []string
	}{{"owners", &link.Owners, s.reach.Owners}, {"plans", &link.Plans, s.reach.Plans}} {
		if *list.texts, err = lent(*list.texts, list.within); err != nil {
			return NewLoginLink{}, err
		}
		if *list.texts, err = normalizeReach(list.field, *list.texts, link.Scopes); err != nil {
			return NewLoginLink{}, err
		}
	}
	for _, plan := range link.Plans {
		if err := validatePlanName(plan); err != nil {
			return NewLoginLink{}, err
		}
	}
	link.Valid = cmp.Or(link.Valid, LoginLinkValid)
	if link.Valid < leastLoginLinkValid || link.Valid > MaxLoginLinkValid {
		return NewLoginLink{}, &ration.InvalidError{Field: "valid", Value: link.Valid.String(), Reason: "use 1 minute to 24 hours"}
	}
	return link, nil
}

// normalizeSessionScopes checks the scopes of a session that is to be.
func normalizeSessionScopes(scopes []string) ([]string, error) {
	if slices.Contains(scopes, ScopeVerify) {
		return nil, &ration.InvalidError{Field: "scopes", Value: ScopeVerify, Reason: "a session's scopes are read, keys and admin: only tokens ask for decisions"}
	}
	return normalizeTokenScopes(scopes)
}

// lent returns what is lent of a list that narrows the lender: all of it unless a part is
// named. Error: ErrOutOfReach for more.
func lent(named, own []string) ([]string, error) {
	if len(own) == 0 {
		return named, nil
	}
	if len(named) == 0 {
		return own, nil
	}
	for _, text := range named {
		if !slices.Contains(own, text) {
			return nil, ErrOutOfReach
		}
	}
	return named, nil
}

package admin

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
)

// maxReach is the most owners, and the most plans, of a token.
const maxReach = 100

// tokenScopes are all scopes, as errors name them.
var tokenScopes = []string{ScopeVerify, ScopeRead, ScopeKeys, ScopeAdmin}

// normalizeToken sorts the lists of a new token and drops what is there twice. It
// refuses what would grant nothing: whoever asked for it believes something else.
func normalizeToken(token NewToken) (NewToken, error) {
	var err error
	if token.Scopes, err = normalizeTokenScopes(token.Scopes); err != nil {
		return NewToken{}, err
	}
	for _, list := range []struct {
		field string
		texts *[]string
	}{{"owners", &token.Owners}, {"plans", &token.Plans}} {
		if *list.texts, err = normalizeReach(list.field, *list.texts, token.Scopes); err != nil {
			return NewToken{}, err
		}
	}
	for _, plan := range token.Plans {
		if err := validatePlanName(plan); err != nil {
			return NewToken{}, err
		}
	}
	return token, nil
}

func normalizeTokenScopes(scopes []string) ([]string, error) {
	scopes = slices.Compact(slices.Sorted(slices.Values(scopes)))
	invalid := func(scope, reason string) ([]string, error) {
		return nil, &ration.InvalidError{Field: "scopes", Value: scope, Reason: reason}
	}
	for _, scope := range scopes {
		if !slices.Contains(tokenScopes, scope) {
			return invalid(scope, "a token's scopes are verify, read, keys and admin")
		}
		for _, other := range scopes {
			if other != scope && rationadmin.ScopeIncludes(other, scope) {
				return invalid(scope, fmt.Sprintf("the scope %s includes it; leave it out", other))
			}
		}
	}
	if len(scopes) == 0 {
		return invalid("", "name at least one of verify, read, keys and admin")
	}
	return scopes, nil
}

// normalizeReach checks one of the lists that narrow a token.
func normalizeReach(field string, texts, scopes []string) ([]string, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	invalid := func(reason string) ([]string, error) {
		return nil, &ration.InvalidError{Field: field, Reason: reason}
	}
	switch {
	case slices.Contains(scopes, ScopeAdmin):
		return invalid("a token of scope admin can't be narrowed: it changes plans, tokens and whatever else there is; use the scope keys or read")
	case slices.Contains(scopes, ScopeVerify):
		return invalid("the verify API asks about any key, so the scope verify can't be narrowed; make another token for it")
	case len(texts) > maxReach:
		return invalid(fmt.Sprintf("a token has at most %d", maxReach))
	}
	for _, text := range texts {
		if err := validateText(field, text, 1, MaxTextLength); err != nil {
			return nil, err
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(texts))), nil
}

// recordOfToken returns what is stored of a new token.
func recordOfToken(token NewToken, secret ration.Secret) Token {
	start, end := secret.Ends()
	return Token{
		ID: uuid.Must(uuid.NewV7()), Name: token.Name, Scopes: token.Scopes, Owners: token.Owners, Plans: token.Plans,
		Start: start, End: end, ExpiresAt: toStored(token.ExpiresAt),
	}
}

// auditToken returns the entry of a new token.
func (a author) auditToken(token Token) (AuditEntry, error) {
	details := fields{"name": token.Name, "scopes": token.Scopes}
	details.add("owners", token.Owners, len(token.Owners) > 0)
	details.add("plans", token.Plans, len(token.Plans) > 0)
	details.add("expires_at", token.ExpiresAt, !token.ExpiresAt.IsZero())
	return a.audit("token.create", tokenTarget(token.Name), nil, details)
}

package admin

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"github.com/ration-dev/ration/rationadmin"
)

const (
	// maxActorLength leaves room for a token of the longest name.
	maxActorLength = len(tokenTargetPrefix) + MaxTextLength
	// maxFromLength is more than any address has.
	maxFromLength = 100
)

// author is who makes a change, from where and with which token: what the audit log
// says of it besides the change.
type author struct {
	actor  string
	origin rationadmin.Origin
	job    uuid.UUID // that makes the change; zero: none
}

// authorOf returns the author of what a call changes.
func authorOf(ctx context.Context, actor string) (author, error) {
	if err := validateText("actor", actor, 1, maxActorLength); err != nil {
		return author{}, err
	}
	origin := rationadmin.OriginOf(ctx)
	by := author{actor: actor, origin: origin}
	if step := JobStepOf(ctx); step != nil {
		by.job = step.Job
	}
	return by, validateText("from", origin.From, 0, maxFromLength)
}

// entry returns the audit entry of a change.
func (a author) entry(action, target string, details json.RawMessage) AuditEntry {
	return AuditEntry{Actor: a.actor, From: a.origin.From, TokenID: a.origin.TokenID, Action: action, Target: target, Details: details}
}

// audit returns the entry of a change: what differs from before. It returns
// ErrUnchanged if nothing does.
func (a author) audit(action, target string, before, after fields) (AuditEntry, error) {
	details, err := after.changesFrom(before)
	switch {
	case err != nil:
	case details == nil:
		err = ErrUnchanged
	case a.job != uuid.Nil:
		details, err = withField(details, "job", difference{New: a.job})
	}
	return a.entry(action, target, details), err
}

// auditEnd returns the entry of something that ends, of which the target says all.
func (a author) auditEnd(action, target string) (AuditEntry, error) {
	details, err := marshalDetails(fields{})
	return a.entry(action, target, details), err
}

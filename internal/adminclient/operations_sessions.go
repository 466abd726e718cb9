package adminclient

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/client"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

// CreateLoginLink implements admin.Operations.
func (o *Operations) CreateLoginLink(ctx context.Context, actor string, link admin.NewLoginLink) (admin.IssuedLoginLink, error) {
	if link.Valid%time.Second != 0 {
		return admin.IssuedLoginLink{}, &ration.InvalidError{Field: "valid", Value: link.Valid.String(), Reason: "use whole seconds"}
	}
	issued, err := o.admin.CreateLoginLink(by(ctx, actor), api.NewLoginLink{
		For: link.For, Scopes: link.Scopes, Owners: link.Owners, Plans: link.Plans, ValidSeconds: int(link.Valid / time.Second),
	})
	return answered(issued, err, readIssuedLoginLink)
}

// ListSessions implements admin.Operations.
func (o *Operations) ListSessions(ctx context.Context, filter admin.SessionFilter) ([]admin.Session, error) {
	query := client.SessionQuery{Over: filter.Over}
	query.Cursor = cursorAfter(wire.ListOfSessions, query.Values(), filter.After)
	return gather(filter.Limit, defaultSessions, &query.Paging, readSession, func() (api.Page[api.Session], error) { return o.admin.ListSessions(ctx, query) })
}

// EndSession implements admin.Operations.
func (o *Operations) EndSession(ctx context.Context, actor string, id uuid.UUID) (admin.Session, error) {
	session, err := o.admin.EndSession(by(ctx, actor), id.String())
	return answered(session, err, readSession)
}

func readSession(s api.Session) (session admin.Session, err error) {
	session = admin.Session{
		Name: s.Name, Actor: s.Actor, Method: admin.LoginMethod(s.Method), TokenExpiresAt: orZero(s.TokenExpiresAt),
		Scopes: s.Scopes, Owners: orNilList(s.Owners), Plans: orNilList(s.Plans), From: s.From, UserAgent: s.UserAgent,
		CreatedAt: s.CreatedAt, SeenAt: s.SeenAt, ExpiresAt: s.ExpiresAt, EndedAt: orZero(s.EndedAt),
	}
	if session.TokenID, err = readOptionalID(s.TokenID); err != nil {
		return session, err
	}
	session.ID, err = uuid.Parse(s.ID)
	return session, err
}

func readIssuedLoginLink(issued api.IssuedLoginLink) (read admin.IssuedLoginLink, err error) {
	l := issued.LoginLink
	read.Code = ration.SecretFromText(issued.Code)
	if issued.URL != nil {
		read.URL = *issued.URL
	}
	read.LoginLink = admin.LoginLink{
		For: l.For, Scopes: l.Scopes, Owners: orNilList(l.Owners), Plans: orNilList(l.Plans), CreatedBy: l.CreatedBy,
		CreatedAt: l.CreatedAt, ExpiresAt: l.ExpiresAt, UsedAt: orZero(l.UsedAt),
	}
	if read.LoginLink.TokenID, err = readOptionalID(l.TokenID); err != nil {
		return read, err
	}
	read.LoginLink.ID, err = uuid.Parse(l.ID)
	return read, err
}

// readOptionalID reads an id; "" is the zero one.
func readOptionalID(text string) (uuid.UUID, error) {
	if text == "" {
		return uuid.Nil, nil
	}
	return uuid.Parse(text)
}

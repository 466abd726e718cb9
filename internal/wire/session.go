package wire

import (
	"github.com/google/uuid"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// Session returns a session.
func Session(session admin.Session) api.Session {
	return api.Session{
		ID: session.ID.String(), Name: session.Name, Actor: session.Actor, Method: string(session.Method), TokenID: idOrEmpty(session.TokenID),
		Scopes: list(session.Scopes), Owners: list(session.Owners), Plans: list(session.Plans), From: session.From, UserAgent: session.UserAgent,
		CreatedAt: session.CreatedAt.UTC(), SeenAt: session.SeenAt.UTC(), ExpiresAt: session.ExpiresAt.UTC(),
		TokenExpiresAt: instant(session.TokenExpiresAt), EndedAt: instant(session.EndedAt),
	}
}

// Sessions returns sessions.
func Sessions(sessions []admin.Session) []api.Session { return convert(sessions, Session) }

// IssuedLoginLink returns a new login link with its code in plain text.
func IssuedLoginLink(issued admin.IssuedLoginLink) api.IssuedLoginLink {
	link := issued.LoginLink
	shown := api.IssuedLoginLink{
		LoginLink: api.LoginLink{
			ID: link.ID.String(), For: link.For, Scopes: list(link.Scopes), Owners: list(link.Owners), Plans: list(link.Plans),
			CreatedBy: link.CreatedBy, TokenID: idOrEmpty(link.TokenID), CreatedAt: link.CreatedAt.UTC(), ExpiresAt: link.ExpiresAt.UTC(), UsedAt: instant(link.UsedAt),
		},
		Code: issued.Code.Reveal(),
	}
	if issued.URL != "" {
		shown.URL = &issued.URL
	}
	return shown
}

// idOrEmpty returns an id as text; the zero one is "".
func idOrEmpty(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

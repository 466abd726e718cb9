package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/wire"
	"github.com/ration-dev/ration/rationadmin"
)

const tagSessions = "sessions"

func (a *API) registerSessions() {
	register(a, operation{
		id: "createLoginLink", method: http.MethodPost, path: "/login-links", tag: tagSessions, scope: scopeKeys, status: http.StatusCreated,
		summary: "Create a link that logs somebody in to the console, once",
		about:   "It can't grant more than the token that makes it, and its session is over when the token is. The answer has its code, which can't be shown again.",
		example: api.NewLoginLink{For: "anna", Scopes: []string{"read"}, ValidSeconds: 900},
	}, createLoginLink)
	register(a, operation{
		id: "listSessions", method: http.MethodGet, path: "/sessions", tag: tagSessions, scope: scopeAdmin,
		summary: "List who is logged in to the console", about: "The newest first.",
	}, listSessions)
	register(a, operation{
		id: "endSession", method: http.MethodDelete, path: "/sessions/{session}", tag: tagSessions, scope: scopeAdmin,
		summary: "Log somebody out", about: "When this has answered, the session is no longer accepted. One that is over stays as it is.",
	}, endSession)
}

type createLoginLinkInput struct {
	Body api.NewLoginLink
}

func createLoginLink(ctx context.Context, c Caller, in *createLoginLinkInput) (*reply[api.IssuedLoginLink], error) {
	issued, err := c.Operations.CreateLoginLink(ctx, c.Actor, rationadmin.NewLoginLink{
		For: in.Body.For, Scopes: in.Body.Scopes, Owners: in.Body.Owners, Plans: in.Body.Plans, Valid: time.Duration(in.Body.ValidSeconds) * time.Second,
	})
	if err != nil {
		return nil, err
	}
	return replyWith(wire.IssuedLoginLink(issued), nil)
}

type listSessionsInput struct {
	Over bool `query:"over" doc:"Also those that are over, for 30 days after their expiry."`
	Paging
}

func listSessions(ctx context.Context, c Caller, in *listSessionsInput) (*reply[api.Page[api.Session]], error) {
	filter := rationadmin.SessionFilter{Over: in.Over}
	sessions := list[rationadmin.Session, api.Session, uuid.UUID]{
		name: wire.ListOfSessions, show: wire.Sessions, place: func(session *rationadmin.Session) uuid.UUID { return session.ID },
		find: func(ctx context.Context, after uuid.UUID, most int) ([]rationadmin.Session, error) {
			filter.After, filter.Limit = after, most
			return c.Operations.ListSessions(ctx, filter)
		},
	}
	return sessions.page(ctx, in.Paging)
}

type bySession struct {
	Session string `path:"session" doc:"The session's id: a UUID."`
}

func endSession(ctx context.Context, c Caller, in *bySession) (*reply[api.Session], error) {
	session, err := c.Operations.EndSession(ctx, c.Actor, readID(in.Session))
	return replyWith(wire.Session(session), err)
}

// readID returns an id. Nothing has the id of what is none.
func readID(text string) uuid.UUID {
	id, err := uuid.Parse(text)
	if err != nil || id.String() != text {
		return uuid.Nil
	}
	return id
}

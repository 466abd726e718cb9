package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"

	"github.com/ration-dev/ration/api"
)

// CreateLoginLink creates a link that logs somebody in to the console, once. The answer has
// its code, which can't be shown again. It can't grant more than the token that makes it.
func (a *Admin) CreateLoginLink(ctx context.Context, link api.NewLoginLink) (api.IssuedLoginLink, error) {
	return change[api.IssuedLoginLink](ctx, a, http.MethodPost, "/login-links", link)
}

// SessionQuery selects sessions. The zero SessionQuery selects those that are not over.
type SessionQuery struct {
	Over bool // also those that are over
	Paging
}

// Values returns the parameters of the request.
func (q SessionQuery) Values() url.Values {
	over := ""
	if q.Over {
		over = "true"
	}
	return q.parameters("over", over)
}

// ListSessions returns one page of the sessions, the newest first.
func (a *Admin) ListSessions(ctx context.Context, query SessionQuery) (api.Page[api.Session], error) {
	return list[api.Session](ctx, a, "/sessions", query.Values())
}

// Sessions returns all sessions that match, page by page. The sequence ends after an error.
func (a *Admin) Sessions(ctx context.Context, query SessionQuery) iter.Seq2[api.Session, error] {
	return items(query.Cursor, func(cursor string) (api.Page[api.Session], error) {
		query.Cursor = cursor
		return a.ListSessions(ctx, query)
	})
}

// EndSession logs somebody out: when it has returned, the session is no longer accepted.
func (a *Admin) EndSession(ctx context.Context, id string) (api.Session, error) {
	return change[api.Session](ctx, a, http.MethodDelete, "/sessions/"+url.PathEscape(id), nil)
}

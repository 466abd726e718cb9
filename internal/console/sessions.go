package console

import (
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

func (c *Console) registerSessions() {
	c.get("/sessions", func(v *visit) error { return c.showSessions(v, nil) })
	c.post("/sessions/end", c.endSession)
	c.post("/sessions/link", c.createLoginLink)
}

const sessionsOnPage = 50

// sessionsPage is what the page shows.
type sessionsPage struct {
	Rows  []rationadmin.Session
	Over  bool // also those that are over
	First bool // no earlier page
	Pager pager
	Own   uuid.UUID  // the visitor's own session
	Link  *loginLink // was just made; nil: none was
}

// loginLink is a new link, which is shown once.
type loginLink struct {
	rationadmin.LoginLink
	Address string
}

// showSessions shows who is logged in, the newest first, and a login link that was just
// made.
func (c *Console) showSessions(v *visit, link *loginLink) error {
	values := v.r.URL.Query()
	filter := rationadmin.SessionFilter{Over: values.Get("over") != "", Limit: sessionsOnPage + 1}
	if after := values.Get("after"); after != "" {
		id, err := uuid.Parse(after)
		if err != nil {
			return &ration.InvalidError{Field: "after", Reason: "begin with the first page again"}
		}
		filter.After = id
	}
	sessions, err := v.Operations.ListSessions(v.ctx, filter)
	if err != nil {
		return err
	}
	page, next := sessionsPage{Rows: sessions, Over: filter.Over, First: filter.After == uuid.Nil, Own: v.Session, Link: link}, ""
	if len(sessions) > sessionsOnPage {
		page.Rows, next = sessions[:sessionsOnPage], sessions[sessionsOnPage-1].ID.String()
	}
	page.Pager = newPager("/sessions", values, next)
	v.show(200, "sessions", layout{Title: "Sessions", Section: "/tokens", Page: page})
	return nil
}

func (c *Console) endSession(v *visit) error {
	id, err := uuid.Parse(v.value("session"))
	if err != nil {
		return ration.ErrNotFound
	}
	session, err := v.Operations.EndSession(v.ctx, actor, id)
	if err != nil {
		return err
	}
	return v.done("/sessions", "The session of "+session.Name+" is over.", nil)
}

// createLoginLink makes a link, and shows it in this one answer.
func (c *Console) createLoginLink(v *visit) error {
	if !v.Admin() { // who may not see the page would get no answer with the link in it
		return &admin.TokenScopeError{Scope: rationadmin.ScopeAdmin}
	}
	valid, err := time.ParseDuration(v.value("valid"))
	if err != nil {
		return &ration.InvalidError{Field: "valid", Reason: "choose how long the link is valid"}
	}
	scopes := v.scopesField()
	if len(scopes) == 0 { // else it would be all that the visitor holds
		return &ration.InvalidError{Field: "scopes", Reason: "choose what the link lets somebody do"}
	}
	issued, err := v.Operations.CreateLoginLink(v.ctx, actor, rationadmin.NewLoginLink{
		For: v.value("for"), Scopes: scopes, Valid: valid, Owners: lines(v.value("owners")), Plans: splitList(v.value("plans")),
	})
	if err != nil {
		return err
	}
	if issued.URL == "" { // where the visitor is, others get in too
		issued.URL = rationadmin.LoginURL(c.addressOf(v), issued.Code)
	}
	v.replacePage("/sessions")
	return c.showSessions(v, &loginLink{issued.LoginLink, issued.URL})
}

// addressOf returns the address at which the visitor has found the console.
func (c *Console) addressOf(v *visit) string {
	if v.r.TLS != nil || c.forwardedHTTPS(v.r) {
		return "https://" + v.r.Host
	}
	return "http://" + v.r.Host
}

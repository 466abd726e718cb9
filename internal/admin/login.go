package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
)

const (
	// sessionPrefix follows the secret prefix in the secret of a session.
	sessionPrefix = "_session"
	// userPrefix begins the actor of a session without a token.
	userPrefix = "user:"
	// maxUserAgent is how many characters are kept of what a browser says it is.
	maxUserAgent = 300

	// maxSessions is how many sessions there are at most, and maxOwnSessions how many of
	// them with one token, or of one actor without a token.
	maxSessions    = 1_000
	maxOwnSessions = 50
)

// IssuedSession is a new session with its secret.
type IssuedSession struct {
	Session Session
	Secret  ration.Secret
}

// Login is who begins a session besides what it is begun with.
type Login struct {
	From      string // the client's IP address; empty: not known
	UserAgent string
}

// User is somebody whom another system has recognised.
type User struct {
	Name    string   // as the audit log names them
	Scopes  []string // read, keys or admin
	Subject string   // by which the other system knows them, for the audit log
}

// LogInWithToken begins a session with a service token that a [TokenChecker] has just
// checked. The session may do what the token may, without the scope verify. Errors:
// [TokenScopeError] for a token that may only ask for decisions; those of a session that
// is begun.
//
// Every login begins a session with a new secret. Who has begun too many loses the one that
// was seen longest ago. Errors: [ration.ErrConflict] if there are too many in all.
func (s *Service) LogInWithToken(ctx context.Context, token Token, login Login) (IssuedSession, error) {
	if !token.Allows(ScopeRead) {
		return IssuedSession{}, &TokenScopeError{Scope: ScopeRead}
	}
	return s.logIn(ctx, login, entrance{}, func(begin *SessionBegin) error {
		begin.Session = Session{
			Name: token.Name, Actor: tokenTarget(token.Name), Method: LoginByToken, TokenID: token.ID,
			Scopes: sessionScopes(token.Scopes), Owners: token.Owners, Plans: token.Plans,
		}
		return nil
	})
}

// LogInWithLink begins a session with the code of a login link, which is used up. Errors:
// ErrLoginLinkInvalid; those of LogInWithToken.
func (s *Service) LogInWithLink(ctx context.Context, code ration.Secret, login Login) (IssuedSession, error) {
	if len(code.Reveal()) > ration.MaxSecretLength || !code.Generated() {
		return IssuedSession{}, ErrLoginLinkInvalid
	}
	return s.logIn(ctx, login, entrance{link: code.Digest(s.config.Pepper)}, func(begin *SessionBegin) error {
		link := begin.Link
		begin.Session = Session{
			Name: link.For, Actor: userPrefix + link.For, Method: LoginByLink, TokenID: link.TokenID,
			Scopes: link.Scopes, Owners: link.Owners, Plans: link.Plans,
		}
		record := SessionRecord{Session: begin.Session, Token: begin.LinkToken}
		record.SeenAt, record.ExpiresAt = begin.Now, begin.Now.Add(SessionDuration)
		if shown := record.shown(begin.Now); !shown.EndedAt.IsZero() { // its token is gone
			return ErrLoginLinkInvalid
		}
		return nil
	})
}

// LogInUser begins a session of somebody whom another system has recognised. Errors: those
// of LogInWithToken.
func (s *Service) LogInUser(ctx context.Context, user User, login Login) (IssuedSession, error) {
	scopes, err := normalizeSessionScopes(user.Scopes)
	if err := errors.Join(err, validateText("name", user.Name, 1, MaxTextLength)); err != nil {
		return IssuedSession{}, err
	}
	return s.logIn(ctx, login, entrance{subject: user.Subject}, func(begin *SessionBegin) error {
		begin.Session = Session{Name: user.Name, Actor: userPrefix + user.Name, Method: LoginByOIDC, Scopes: scopes}
		return nil
	})
}

// entrance is what a session is begun with, as far as it is no token.
type entrance struct {
	link    ration.Digest // of the login link's code; zero: none
	subject string        // by which another system knows the user
}

// logIn begins a session of whom fill says.
func (s *Service) logIn(ctx context.Context, login Login, by entrance, fill func(*SessionBegin) error) (IssuedSession, error) {
	if err := validateText("from", login.From, 0, maxFromLength); err != nil {
		return IssuedSession{}, err
	}
	secret := ration.NewSecret(s.config.SecretPrefix + sessionPrefix)
	id := uuid.Must(uuid.NewV7())
	now := time.Time{}
	record, err := s.store.BeginSession(ctx, by.link, func(begin *SessionBegin) error {
		now = begin.Now
		if err := fill(begin); err != nil {
			return err
		}
		session := &begin.Session
		session.ID, session.From, session.UserAgent = id, login.From, shortened(login.UserAgent)
		begin.Digest = secret.Digest(s.config.Pepper)
		holder := author{actor: session.Actor, origin: rationadmin.Origin{From: login.From, TokenID: session.TokenID}}
		audit, err := holder.auditLogin(session, &begin.Link, by.subject)
		if err != nil {
			return err
		}
		begin.Audit = []AuditEntry{audit}
		return begin.makeRoom(holder)
	})
	if err != nil {
		return IssuedSession{}, err
	}
	return IssuedSession{Session: record.shown(now), Secret: secret}, nil
}

// makeRoom ends sessions that are over, or of which their holder has too many.
func (b *SessionBegin) makeRoom(holder author) error {
	b.End = make(map[uuid.UUID]time.Time)
	var own []uuid.UUID
	live := 0
	for _, record := range b.Open {
		switch shown := record.shown(b.Now); {
		case !shown.EndedAt.IsZero():
			b.End[shown.ID] = shown.EndedAt
			continue
		case shown.TokenID == b.Session.TokenID && (shown.TokenID != uuid.Nil || shown.Actor == b.Session.Actor):
			own = append(own, shown.ID)
		}
		live++
	}
	for len(own) >= maxOwnSessions {
		audit, err := holder.audit("session.end", sessionTarget(own[0]), nil, fields{"reason": fmt.Sprintf("a further one was begun, and there are at most %d", maxOwnSessions)})
		if err != nil {
			return err
		}
		b.End[own[0]], b.Audit = b.Now, append(b.Audit, audit)
		own, live = own[1:], live-1
	}
	if live >= maxSessions {
		return fmt.Errorf("%w: there are %d sessions, and no more are possible; end some with 'ration sessions end'", ration.ErrConflict, live)
	}
	return nil
}

// auditLogin returns the entry of a session that is begun.
func (a author) auditLogin(session *Session, link *LoginLink, subject string) (AuditEntry, error) {
	details := fields{"name": session.Name, "method": session.Method, "scopes": session.Scopes}
	details.add("owners", session.Owners, len(session.Owners) > 0)
	details.add("plans", session.Plans, len(session.Plans) > 0)
	details.add("login_link", link.ID, link.ID != uuid.Nil)
	details.add("subject", subject, subject != "")
	return a.audit("session.begin", sessionTarget(session.ID), nil, details)
}

// sessionScopes returns the scopes that a session can have: it asks for no decisions.
func sessionScopes(scopes []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool { return scope == ScopeVerify })
}

// shortened returns the beginning of a text, without what could mislead.
func shortened(text string) string {
	text = strings.Map(func(r rune) rune {
		if misleads(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if runes := []rune(text); len(runes) > maxUserAgent {
		text = string(runes[:maxUserAgent])
	}
	return text
}

// withToken returns a context in which changes are made with a token.
func withToken(ctx context.Context, token uuid.UUID) context.Context {
	origin := rationadmin.OriginOf(ctx)
	origin.TokenID = token
	return rationadmin.WithOrigin(ctx, origin)
}

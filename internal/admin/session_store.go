package admin

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
)

// Sessions stores who is logged in, and the links by which somebody logs in.
type Sessions interface {
	// CreateLoginLink writes a link and its audit entry; the store sets CreatedAt, and
	// ExpiresAt so much later.
	CreateLoginLink(ctx context.Context, link LoginLink, digest ration.Digest, valid time.Duration, audit AuditEntry) (LoginLink, error)

	// BeginSession keeps others from beginning a session, calls begin, and writes what begin
	// sets, in one transaction. Unless link is zero, it is the digest of a login link's
	// code, and the transaction uses the link up: of several calls with one link, at
	// whatever instances, one begins a session. Begin may be called again. Errors: that of
	// begin; ErrLoginLinkInvalid for a link that was used, has expired, or is unknown.
	BeginSession(ctx context.Context, link ration.Digest, begin func(*SessionBegin) error) (SessionRecord, error)
	// ListSessions returns sessions, the newest first, and the store's time. If over is
	// false, it returns those that are not over at that time.
	ListSessions(ctx context.Context, filter SessionFilter) ([]SessionRecord, time.Time, error)
	// EndSession ends a session, unless somebody has ended it: then no audit entry is
	// written. The store sets EndedAt. If links is true, the login links that its actor has
	// made end, too, as far as nobody has used them. It returns the session and the store's
	// time. Error: ErrNotFound.
	EndSession(ctx context.Context, id uuid.UUID, links bool, audit AuditEntry) (SessionRecord, time.Time, error)
	SessionChecks
}

// SessionChecks is what the check of sessions needs.
type SessionChecks interface {
	// SessionsByDigest returns the sessions of digests, in the order of the digests, and
	// the zero SessionRecord for an unknown digest. It also returns the store's time. All
	// of it is one state of the database.
	SessionsByDigest(ctx context.Context, digests []ration.Digest) ([]SessionRecord, time.Time, error)
	// NoteSessionsSeen sets when sessions were last seen. It leaves sessions as they are
	// that were seen less than TokenUseInterval earlier, and unknown ones.
	NoteSessionsSeen(ctx context.Context, ids []uuid.UUID, at time.Time) error
}

// SessionBegin is a session that is begun, within a transaction.
type SessionBegin struct {
	Now       time.Time       // the store's time
	Link      LoginLink       // that is used up; zero: none
	LinkToken Token           // that made the link, as it is now; zero: none did, or it is unknown
	Open      []SessionRecord // those that nobody has ended, seen longest ago first

	Session Session                 // to be filled in, except for the times
	Digest  ration.Digest           // to be filled in
	End     map[uuid.UUID]time.Time // to be filled in: when sessions of Open ended
	Audit   []AuditEntry            // to be filled in
}

// SessionRecord is a session as it is stored: its scopes, owners and plans are those that
// it was begun with, and EndedAt is when somebody ended it.
type SessionRecord struct {
	Session
	Token Token // as it is now; zero: it has none, or it is unknown
}

// shown returns the session as it is at a time: it has what its token has, too, and is
// over if it has expired, was not seen for long, or lost its token.
func (r *SessionRecord) shown(now time.Time) Session {
	session := r.Session
	end := func(at time.Time) {
		if session.EndedAt.IsZero() || at.Before(session.EndedAt) {
			session.EndedAt = at
		}
	}
	for _, at := range []time.Time{session.ExpiresAt, session.SeenAt.Add(SessionIdle)} {
		if !now.Before(at) {
			end(at)
		}
	}
	if session.TokenID == uuid.Nil {
		return session
	}
	token := &r.Token
	session.TokenExpiresAt = token.ExpiresAt
	session.Scopes = slices.DeleteFunc(slices.Clone(session.Scopes), func(scope string) bool { return !token.Allows(scope) })
	session.Owners, session.Plans = common(listOf(session.Owners), token.Owners), common(listOf(session.Plans), token.Plans)
	switch nothing := func(list []string) bool { return list != nil && len(list) == 0 }; {
	case !token.RevokedAt.IsZero():
		end(token.RevokedAt)
	case !token.ExpiresAt.IsZero() && !now.Before(token.ExpiresAt):
		end(token.ExpiresAt)
	case token.ID == uuid.Nil, len(session.Scopes) == 0, nothing(session.Owners), nothing(session.Plans):
		end(now)
	}
	return session
}

// listOf returns a list of what a session is narrowed to as a filter has it: nil is
// everything.
func listOf(texts []string) []string {
	if len(texts) == 0 {
		return nil
	}
	return texts
}

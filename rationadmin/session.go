package rationadmin

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
)

const (
	// SessionDuration is how long a session lasts at most.
	SessionDuration = 7 * 24 * time.Hour
	// SessionIdle is how long a session lasts without being seen.
	SessionIdle = 12 * time.Hour
	// SessionRetention is how long a session, or a login link, is kept after its expiry.
	SessionRetention = 30 * 24 * time.Hour
	// LoginLinkValid is how long a login link is valid unless somebody says otherwise.
	LoginLinkValid = 15 * time.Minute
	// MaxLoginLinkValid is how long a login link is valid at most.
	MaxLoginLinkValid = 24 * time.Hour
)

// Session is somebody who is logged in. It may do what its scopes allow, with the keys
// that it is narrowed to. The database keeps only a digest of its secret.
type Session struct {
	ID     uuid.UUID
	Name   string      // whose: of a person, or of the token that it was begun with
	Actor  string      // as the audit log names its changes: "user:<name>", or "token:<name>"
	Method LoginMethod // how it was begun

	// TokenID is the service token that it was begun with, or that made its login link. A
	// session holds no more than its token does, and is over when its token is. Zero: none.
	TokenID        uuid.UUID
	TokenExpiresAt time.Time // zero: never, or there is no token

	Scopes        []string // read, keys, admin
	Owners, Plans []string // only keys with one of these; nil: with any

	From      string // the client's IP address when it was begun; empty: not known
	UserAgent string // what its browser says it is, perhaps cut off
	CreatedAt time.Time
	SeenAt    time.Time // updated at most once a minute
	ExpiresAt time.Time // whatever it is used for
	EndedAt   time.Time // when somebody ended it, or it expired, was not seen for [SessionIdle], or lost its token; zero: it is not over
}

// Allows reports whether one of the session's scopes is the given one or includes it.
func (s *Session) Allows(scope string) bool {
	return slices.ContainsFunc(s.Scopes, func(held string) bool { return ScopeIncludes(held, scope) })
}

// LoginMethod is how a session is begun.
type LoginMethod string

// The ways to log in.
const (
	LoginByToken LoginMethod = "token" // with a service token
	LoginByLink  LoginMethod = "link"  // with a login link
	LoginByOIDC  LoginMethod = "oidc"  // as somebody whom an OpenID provider knows
)

// SessionFilter selects sessions. The zero SessionFilter selects those that are not over.
type SessionFilter struct {
	Over  bool      // also those that are over
	After uuid.UUID // only sessions that come later in the order: pass the id of the last session of the page before
	Limit int       // most sessions returned; 0: 1,000
}

// NewLoginLink describes a login link to create: whoever opens it is logged in.
type NewLoginLink struct {
	For    string        // the name of whom it is for
	Scopes []string      // read, keys or admin; nil: all that whoever makes it may grant
	Valid  time.Duration // a minute to [MaxLoginLinkValid]; 0: [LoginLinkValid]

	// Owners and Plans narrow its session, see [Session]. Only the scopes read and keys can
	// be narrowed.
	Owners, Plans []string
}

// LoginLink is a link that logs somebody in once. The database keeps only a digest of its
// code.
type LoginLink struct {
	ID            uuid.UUID
	For           string
	Scopes        []string
	Owners, Plans []string
	CreatedBy     string    // the actor who made it
	TokenID       uuid.UUID // the service token that it was made with; zero: none
	CreatedAt     time.Time
	ExpiresAt     time.Time
	UsedAt        time.Time // zero: not yet
}

// IssuedLoginLink is a new login link with its code. The code can't be shown again.
type IssuedLoginLink struct {
	LoginLink LoginLink
	Code      ration.Secret
	URL       string // with the code in its fragment, which no server gets to see; empty: where the console is, is not known
}

// LoginURL returns the address of a login link at a console.
func LoginURL(console string, code ration.Secret) string {
	return strings.TrimRight(console, "/") + "/login#" + code.Reveal()
}

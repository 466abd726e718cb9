package api

import "time"

// Session is somebody who is logged in to the console. Nothing in it is a secret.
type Session struct {
	ID             string     `json:"id"`
	Name           string     `json:"name"`               // whose: of a person, or of a service token
	Actor          string     `json:"actor"`              // as the audit log names its changes: "user:<name>" or "token:<name>"
	Method         string     `json:"method"`             // how it was begun: "token", "link" or "oidc"
	TokenID        string     `json:"token_id,omitempty"` // the service token that it was begun with, or that made its link
	Scopes         []string   `json:"scopes"`             // read, keys, admin; never null
	Owners         []string   `json:"owners"`             // it is good for keys of these owners; empty: of any; never null
	Plans          []string   `json:"plans"`              // it is good for keys on these plans; empty: on any or none; never null
	From           string     `json:"from,omitempty"`     // the address that it was begun from
	UserAgent      string     `json:"user_agent"`         // what the browser says it is, perhaps cut off
	CreatedAt      time.Time  `json:"created_at"`
	SeenAt         time.Time  `json:"seen_at"`          // written at most once a minute
	ExpiresAt      time.Time  `json:"expires_at"`       // whatever it is used for
	TokenExpiresAt *time.Time `json:"token_expires_at"` // when its token ends; null: never, or there is none
	EndedAt        *time.Time `json:"ended_at"`         // when it ended, expired, was not used for 12 hours, or lost its token; null: it is not over
}

// NewLoginLink is the body of POST /v1/admin/login-links.
type NewLoginLink struct {
	For          string   `json:"for"`                     // the name of whom it is for
	Scopes       []string `json:"scopes,omitempty"`        // read, keys or admin; absent: the widest that the token has
	Owners       []string `json:"owners,omitempty"`        // it is good only for keys of these owners; absent: of those that the token is good for
	Plans        []string `json:"plans,omitempty"`         // it is good only for keys on these plans; absent: on those that the token is good for
	ValidSeconds int      `json:"valid_seconds,omitempty"` // 60 to 86400; absent: 900
}

// LoginLink is a link that logs somebody in to the console once. Nothing in it is a secret.
type LoginLink struct {
	ID        string     `json:"id"`
	For       string     `json:"for"`
	Scopes    []string   `json:"scopes"`             // never null
	Owners    []string   `json:"owners"`             // never null
	Plans     []string   `json:"plans"`              // never null
	CreatedBy string     `json:"created_by"`         // the actor
	TokenID   string     `json:"token_id,omitempty"` // the service token that it was made with
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt time.Time  `json:"expires_at"`
	UsedAt    *time.Time `json:"used_at"` // null: not yet
}

// IssuedLoginLink is a login link that was just made. Its code can't be shown again.
type IssuedLoginLink struct {
	LoginLink LoginLink `json:"login_link"`
	Code      string    `json:"code"` // the link is the console's address, then /login#, then this
	URL       *string   `json:"url"`  // the link; null: the server's console_url is not set
}

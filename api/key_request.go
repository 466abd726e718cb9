package api

import "time"

// NewKey is the body of POST /v1/admin/keys.
type NewKey struct {
	Name       string            `json:"name"`                  // for display: 1 to 200 characters
	Owner      string            `json:"owner,omitempty"`       // whom the key belongs to; empty: nobody
	Plan       string            `json:"plan,omitempty"`        // empty: none
	ExpiresAt  *time.Time        `json:"expires_at,omitempty"`  // absent: never
	Scopes     []string          `json:"scopes,omitempty"`      // what it may be used for; absent: nothing that needs a scope
	AllowedIPs []string          `json:"allowed_ips,omitempty"` // CIDR or address; absent: any address
	TimeZone   string            `json:"time_zone,omitempty"`   // IANA name; empty: the plan's, else UTC
	Metadata   map[string]string `json:"metadata,omitempty"`
	Limits     []NewOverride     `json:"limits,omitempty"`    // of its own, in place of the plan's
	Label      string            `json:"label,omitempty"`     // of its first secret; empty: "default"
	Unlimited  bool              `json:"unlimited,omitempty"` // the missing limit is intended

	Pickup      bool       `json:"pickup,omitempty"`       // make a link in the place of a secret, which who uses it first picks up
	PickupUntil *time.Time `json:"pickup_until,omitempty"` // until when the link is valid; absent: for 7 days
}

// NewOverride is a limit that a key gets of its own.
type NewOverride struct {
	Limit     string     `json:"limit"`                // "1000/day", "10/second burst 20", "5 at once", "unlimited tokens/month"
	ExpiresAt *time.Time `json:"expires_at,omitempty"` // when the plan's limit, or the key's lasting one, holds again; absent: never
}

// KeyPatch is the body of PATCH /v1/admin/keys/{id}, a JSON merge patch (RFC 7396):
// absent members change nothing, null takes away. The whole patch is applied in one
// transaction.
type KeyPatch struct {
	Name       *string            `json:"name,omitempty"`
	Owner      *string            `json:"owner,omitempty" nullable:"true"`      // null: nobody
	Plan       *string            `json:"plan,omitempty" nullable:"true"`       // null: none
	ExpiresAt  *time.Time         `json:"expires_at,omitempty" nullable:"true"` // null: never
	Scopes     []string           `json:"scopes,omitzero" nullable:"true"`      // all of them; null: none
	AllowedIPs []string           `json:"allowed_ips,omitzero" nullable:"true"` // all of them; null: any address
	TimeZone   *string            `json:"time_zone,omitempty" nullable:"true"`  // null: the plan's, else UTC
	Metadata   map[string]*string `json:"metadata,omitempty"`                   // entries to set; null removes one

	SetLimits            []NewOverride `json:"set_limits,omitempty"`             // each replaces the one for its meter and period
	ClearLimits          []string      `json:"clear_limits,omitempty"`           // "day", "tokens/month": the plan's limit holds again
	ClearTemporaryLimits []string      `json:"clear_temporary_limits,omitempty"` // ends only a limit that would end by itself
	ClearLastingLimits   []string      `json:"clear_lasting_limits,omitempty"`   // removes only a limit that doesn't end by itself
	Unlimited            *bool         `json:"unlimited,omitempty"`              // whether the missing limit is intended

	// FromNextPeriod lets each change of a lasting limit start when that limit's own next
	// period begins. Then only set_limits and clear_limits may be there.
	FromNextPeriod bool `json:"from_next_period,omitempty"`
}

// KeyFilter selects keys. An empty member selects nothing away.
type KeyFilter struct {
	Owner     string `json:"owner,omitempty"`
	Plan      string `json:"plan,omitempty"`
	Status    string `json:"status,omitempty"`    // pending, active, disabled, revoked or rejected
	Name      string `json:"name,omitempty"`      // the whole name
	Unlimited string `json:"unlimited,omitempty"` // any, marked or unmarked: keys without a limit
}

// KeysChange is the body of POST /v1/admin/keys/changes: one change to many keys. Each
// request changes the next keys that match, at most 500, in one transaction.
type KeysChange struct {
	Filter KeyFilter `json:"filter,omitempty"`  // at least one member, unless all is true
	All    bool      `json:"all,omitempty"`     // change every key
	Action string    `json:"action"`            // update, disable, enable or revoke
	Patch  *KeyPatch `json:"patch,omitempty"`   // for update; without a name, which differs from key to key
	DryRun bool      `json:"dry_run,omitempty"` // only count
	Limit  int       `json:"limit,omitempty"`   // most keys of this request; absent: 500
	Cursor string    `json:"cursor,omitempty"`  // where the request before this one stopped
}

// KeyRotation is the body of POST /v1/admin/keys/{id}/rotate.
type KeyRotation struct {
	Label   string `json:"label,omitempty"`   // which secrets to replace; empty: those of the key's only label
	Overlap int64  `json:"overlap,omitempty"` // seconds for which the old secrets stay valid; absent: they end at once
}

// NewSecret is the body of POST /v1/admin/keys/{id}/secrets.
type NewSecret struct {
	Label     string     `json:"label"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"` // absent: never
}

// KeyResetRequest is the body of POST /v1/admin/keys/{id}/reset.
type KeyResetRequest struct {
	Meter  string   `json:"meter,omitempty"`   // only limits on this meter; empty: on any
	Limits []string `json:"limits,omitempty"`  // only these, by name or as "day", "tokens/month"; absent: all
	Reason string   `json:"reason"`            // for the audit log: 1 to 200 characters
	DryRun bool     `json:"dry_run,omitempty"` // only tell what would be reset
}

// ExplainRequest is the body of POST /v1/admin/keys/{id}/explain: a charge that is
// explained and not made.
type ExplainRequest struct {
	Amounts map[string]Number `json:"amounts,omitempty"` // by meter; absent: one request
	Scope   string            `json:"scope,omitempty"`   // that the request needs
	IP      string            `json:"ip,omitempty"`      // the client's address; empty: don't look at the allow list
}

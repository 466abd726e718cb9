package api

import "time"

// KeyRecord is a key as administration shows it. Nothing in it is a secret.
type KeyRecord struct {
	ID         string            `json:"id"` // "key_" and a UUID; it never changes
	Name       string            `json:"name"`
	Owner      string            `json:"owner"`                  // empty: none
	Plan       string            `json:"plan"`                   // empty: none
	NextPlan   string            `json:"next_plan,omitempty"`    // the plan that it has from next_plan_at on; empty: none
	NextPlanAt *time.Time        `json:"next_plan_at,omitempty"` // absent: it keeps its plan
	Status     string            `json:"status"`
	Expired    bool              `json:"expired"`            // its expiry has passed
	ExpiresAt  *time.Time        `json:"expires_at"`         // null: never
	Scopes     []string          `json:"scopes"`             // never null
	AllowedIPs []string          `json:"allowed_ips"`        // CIDR; empty: any address; never null
	TimeZone   string            `json:"time_zone"`          // empty: the plan's, else UTC
	Metadata   map[string]string `json:"metadata"`           // never null
	Unlimited  bool              `json:"unlimited"`          // has a mark that the missing limit is intended
	NoLimit    *NoLimit          `json:"no_limit,omitempty"` // absent: it always has one, or can't be used any more
	CreatedAt  time.Time         `json:"created_at"`
	UpdatedAt  time.Time         `json:"updated_at"`
	Overrides  []Override        `json:"overrides"` // limits of its own, including expired ones; never null
	Secrets    []Secret          `json:"secrets"`   // in the order of their creation; never null

	Today *Today `json:"today,omitempty"` // only lists of keys have it
}

// Today is what a key has used on its current day, in requests. The day is that of its
// own time zone.
type Today struct {
	Used     int64  `json:"used"`
	Reserved int64  `json:"reserved"` // held by open reservations
	Limit    *int64 `json:"limit"`    // what the limit for the day allows; null: there is none
}

// NoLimit is the first time span, from now on, in which a key has no limit at all.
type NoLimit struct {
	StartsAt *time.Time `json:"starts_at"` // null: now
	EndsAt   *time.Time `json:"ends_at"`   // null: for good
	Marked   bool       `json:"marked"`    // the key or its plan has a mark that this is intended
}

// Secret is what is known of a key's secret.
type Secret struct {
	ID         string     `json:"id"` // "sec_" and a UUID
	Label      string     `json:"label"`
	Start      string     `json:"start"` // its first characters
	End        string     `json:"end"`   // its last characters
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at"`   // null: never
	RevokedAt  *time.Time `json:"revoked_at"`   // null: not revoked
	LastUsedAt *time.Time `json:"last_used_at"` // updated at most once a minute; null: never
}

// Override is a key's own limit. It replaces the plan's limit for the same meter,
// kind and period. A key may have a lasting override for them and a temporary one,
// which holds instead until it ends, and one that takes the place of the lasting one later.
type Override struct {
	PlanLimit
	Unlimited bool       `json:"unlimited"`  // there is no limit here, whatever the plan says; quantity and burst are 0
	ExpiresAt *time.Time `json:"expires_at"` // from then on the lasting override holds again, else the plan's limit; null: this is the lasting one
	StartsAt  *time.Time `json:"starts_at"`  // from then on this is the lasting override, and not before; null: it holds already
	Removed   bool       `json:"removed"`    // a scheduled override that only removes the lasting one; quantity and burst are 0
}

// KeyStatus is a key and its state at an instant.
type KeyStatus struct {
	KeyRecord
	At         time.Time  `json:"at"`          // by the database's clock
	PeriodZone string     `json:"period_zone"` // IANA time zone of its periods
	Limits     []KeyLimit `json:"limits"`      // the limits that hold; never null
	Usage      []KeyUsage `json:"usage"`       // by meter; never null
}

// KeyLimit is a limit and what remains of it.
type KeyLimit struct {
	PlanLimit
	Override  bool       `json:"override"` // the key's own, not its plan's
	Used      Number     `json:"used"`
	Reserved  Number     `json:"reserved"`
	Remaining Number     `json:"remaining"` // never below 0
	ResetsAt  *time.Time `json:"resets_at"` // null: never
}

// KeyUsage is what a key has used on a meter, in all time and in the current periods.
type KeyUsage struct {
	Meter          string     `json:"meter"`
	Used           Number     `json:"used"` // in all time
	Reserved       Number     `json:"reserved"`
	Denied         int64      `json:"denied"` // charges, in all time
	Hour           Number     `json:"hour"`
	Day            Number     `json:"day"`
	Week           Number     `json:"week"`
	Month          Number     `json:"month"`
	FirstRequestAt *time.Time `json:"first_request_at"` // null: never
	LastRequestAt  *time.Time `json:"last_request_at"`  // of admitted requests; null: never
}

// IssuedSecret is a key with a secret that was just made. The secret can't be shown
// again.
type IssuedSecret struct {
	Key      KeyRecord `json:"key"`
	SecretID string    `json:"secret_id,omitempty"` // absent if there is a pickup
	Secret   string    `json:"secret,omitempty"`    // absent if there is a pickup
	Pickup   *Pickup   `json:"pickup,omitempty"`    // of a key that was created with pickup: true
}

// KeysChanged is the outcome of a change to many keys.
type KeysChanged struct {
	DryRun    bool           `json:"dry_run"` // nothing was changed: these are the numbers that would result
	Changed   int            `json:"changed"`
	Unchanged int            `json:"unchanged"` // keys that already were as they should be
	Skipped   map[string]int `json:"skipped"`   // how many keys were skipped because of their status, by status; never null
	NoLimit   int            `json:"no_limit"`  // changed and unchanged keys that have no limit now, or will have none, without a mark that this is intended
}

// KeyReset is the outcome of a reset of a key's limits.
type KeyReset struct {
	DryRun bool         `json:"dry_run"` // nothing was reset: this is what would result
	Key    string       `json:"key"`
	At     time.Time    `json:"at"`     // by the database's clock
	Limits []LimitReset `json:"limits"` // never null
}

// LimitReset is a limit that was reset, as it is now.
type LimitReset struct {
	KeyLimit
	UsedBefore     Number `json:"used_before"`
	ReservedBefore Number `json:"reserved_before"` // by open reservations, which no longer count here
}

// KeysImported is the outcome of an import of keys.
type KeysImported struct {
	DryRun  bool `json:"dry_run"` // nothing was imported: these are the numbers that would result
	Created int  `json:"created"`
	Present int  `json:"present"`  // keys whose secrets were known already
	NoLimit int  `json:"no_limit"` // keys of both kinds that have no limit now, or will have none, without a mark that this is intended
}

// UsageImported is the outcome of an import of usage.
type UsageImported struct {
	DryRun     bool   `json:"dry_run"` // nothing was imported: these are the numbers that would result
	Rows       int    `json:"rows"`
	DaysRaised int    `json:"days_raised"` // days that had less here
	UnitsAdded Number `json:"units_added"` // on all meters together
}

// KeysChangedChunk is the outcome of one request that changes many keys.
type KeysChangedChunk struct {
	KeysChanged
	NextCursor *string `json:"next_cursor"` // the cursor of the next request; null: no keys are left
}

// UnlimitedKeys says how many keys have no limit, now or when a temporary limit ends.
type UnlimitedKeys struct {
	Count int      `json:"count"`
	First []string `json:"first"` // ids of at most 5 of them; never null
}

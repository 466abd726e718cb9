package rationadmin

import (
	"net/netip"
	"time"

	"github.com/ration-dev/ration"
)

// NewKey is a key to be created. Only the name is required.
type NewKey struct {
	Name       string
	Owner      string
	Plan       string
	ExpiresAt  time.Time // zero: never
	Scopes     []string
	AllowedIPs []netip.Prefix
	TimeZone   string
	Metadata   map[string]string
	Overrides  []ration.Override
	Label      string // of its first secret; empty: DefaultSecretLabel
	Unlimited  bool   // the missing limit is intended; refused if it has one
}

// IssuedSecret is a key with a secret that was just made. Nobody can show the
// secret again.
type IssuedSecret struct {
	Key      KeyRecord
	SecretID ration.SecretID
	Secret   ration.Secret
}

// KeyRecord is a key with its secrets and overrides, expired ones included.
type KeyRecord struct {
	ration.Key
	Secrets   []ration.SecretState // in the order of their creation
	Overrides []ration.Override    // at most one lasting and one temporary one per meter, kind and period
	NoLimit   *NoLimit             // when it has no limit; nil: it always has one, or can't be used any more. [Service] sets it, no store does
}

// KeyStatus is a key and how it stands at an instant.
type KeyStatus struct {
	KeyRecord
	At         time.Time            // the store's time
	PeriodZone string               // of its periods: the key's own, else its plan's, else UTC
	Limits     []ration.LimitStatus // those that hold
	Usage      []MeterUsage         // on all meters used or limited, requests first
}

// MeterUsage is what a key has used on a meter, ever and in the periods that run.
type MeterUsage struct {
	Meter                  string
	Used, Reserved         int64     // units, ever; reserved are held by open reservations
	Denied                 int64     // charges, ever
	Hour, Day, Week, Month int64     // units used
	FirstRequestAt         time.Time // zero: nothing was admitted
	LastRequestAt          time.Time // of admitted charges; zero: likewise
}

// KeyPatch is what to change of a key; everything left nil stays. All of it
// happens in one transaction.
type KeyPatch struct {
	ID             ration.KeyID
	Name           *string
	Owner          *string
	Plan           *string            // empty: no plan
	ExpiresAt      *time.Time         // zero: never
	Scopes         []string           // nil: unchanged; empty: none
	AllowedIPs     []netip.Prefix     // nil: unchanged; empty: any address
	TimeZone       *string            // empty: the plan's
	Metadata       map[string]*string // entries to set; nil removes one
	SetOverrides   []ration.Override  // each in the place of the one for its meter, kind and period; see [ration.Override]
	ClearOverrides []ration.LimitKey  // both, temporary and lasting: the plan's limit, if any, holds again
	ClearTemporary []ration.LimitKey  // the temporary one: the lasting one holds again, else the plan's
	ClearLasting   []ration.LimitKey  // the lasting one: a temporary one above it stays

	Unlimited *bool // whether the missing limit is intended; refused if a limit holds. Nil keeps it, until a limit holds
}

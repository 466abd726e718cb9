package rationadmin

import (
	"net/netip"
	"time"

	"github.com/ration-dev/ration"
)

// NewKey describes a key to create. Only the name is required.
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
	Unlimited  bool   // the missing limit is intended; refused if the key has a limit

	// Pickup makes a link in the place of the secret: whoever uses it first gets the
	// secret, which is made only then.
	Pickup      bool
	PickupUntil time.Time // until when the link is valid; zero: PickupLife from now
}

// IssuedSecret is a key with a secret that was just made. The secret can't be shown
// again.
type IssuedSecret struct {
	Key      KeyRecord
	SecretID ration.SecretID
	Secret   ration.Secret
	Pickup   *IssuedPickup // in the place of a secret, which is zero then; nil: there is a secret
}

// KeyRecord is a key with its secrets and overrides, including expired ones.
type KeyRecord struct {
	ration.Key
	Secrets   []ration.SecretState // in the order of their creation
	Overrides []ration.Override    // at most one lasting, one temporary and one scheduled one per meter, kind and period
	NoLimit   *NoLimit             // when the key has no limit; nil: it always has one, or can't be used any more. [Operations] sets it, stores don't
	Today     *Today               // what it used today; nil: the filter did not ask, or the key's plan can't be read
}

// Today is what a key has used on its current day, in requests. The day is that of its
// own time zone.
type Today struct {
	Used, Reserved int64  // open reservations hold the reserved ones
	Limit          *int64 // what the limit for the day allows; nil: there is none, but perhaps limits for other periods
}

// KeyStatus is a key and its state at an instant.
type KeyStatus struct {
	KeyRecord
	At         time.Time            // the store's time
	PeriodZone string               // the time zone of its periods: the key's own, else its plan's, else UTC
	Limits     []ration.LimitStatus // the limits that hold
	Usage      []MeterUsage         // on all meters that are used or limited, requests first
}

// MeterUsage is what a key has used on a meter, in all time and in the current
// periods.
type MeterUsage struct {
	Meter                  string
	Unit                   ration.Unit // of the meter
	Used, Reserved         int64       // units, in all time; open reservations hold the reserved ones
	Denied                 int64       // charges, in all time
	Hour, Day, Week, Month int64       // units used in the current period
	FirstRequestAt         time.Time   // zero: nothing was admitted
	LastRequestAt          time.Time   // of admitted charges; zero: nothing was admitted
}

// KeyPatch says what to change in a key. Fields that are nil change nothing. The
// whole patch is applied in one transaction.
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
	SetOverrides   []ration.Override  // each replaces the one for its meter, kind and period; see [ration.Override]
	ClearOverrides []ration.LimitKey  // removes the temporary and the lasting override: the plan's limit, if any, holds again
	ClearTemporary []ration.LimitKey  // removes the temporary override: the lasting one holds again, else the plan's limit
	ClearLasting   []ration.LimitKey  // removes the lasting override: a temporary one above it stays

	Unlimited *bool // whether the missing limit is intended; refused if a limit holds. Nil keeps the mark until a limit holds

	// IfUpdatedAt is the key's UpdatedAt as the caller has seen it. If it is no longer
	// that, the patch is refused with ErrChanged. Zero: whatever it is.
	IfUpdatedAt time.Time

	// FromNextPeriod lets each change of a lasting limit start when that limit's own
	// next period begins, in the key's time zone; of a rate, a lifetime or a concurrent
	// limit, with the key's next day. The key gets another Plan as soon as the longest
	// period of the limits of its plan has ended: its month, else its week, day or hour.
	// Then ClearOverrides and ClearLasting both mean the
	// lasting override, and other fields must be nil. A later change of the same limit
	// takes the place of one that has not started, and a limit as it is now takes it back.
	FromNextPeriod bool
}

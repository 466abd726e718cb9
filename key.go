package ration

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"
)

const keyIDPrefix = "key_"

// KeyID identifies a key for ever. Its text is "key_" and a version 7 UUID; a
// database keeps the 16 bytes. A key's name never identifies it. The zero KeyID means
// no key.
type KeyID uuid.UUID

// NewKeyID returns a new, time-ordered id.
func NewKeyID() KeyID { return KeyID(uuid.Must(uuid.NewV7())) }

// ParseKeyID reads the text form "key_<uuid>".
func ParseKeyID(text string) (KeyID, error) {
	id, err := parsePrefixedID(text, keyIDPrefix)
	if err != nil {
		return KeyID{}, &InvalidError{Field: "key", Value: text, Reason: `a key id looks like "key_0197c0de-…": "key_" and a UUID`}
	}
	return KeyID(id), nil
}

// String returns the text form.
func (id KeyID) String() string { return keyIDPrefix + uuid.UUID(id).String() }

// IsZero reports whether id names no key.
func (id KeyID) IsZero() bool { return id == KeyID{} }

// MarshalText implements encoding.TextMarshaler.
func (id KeyID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *KeyID) UnmarshalText(text []byte) error {
	parsed, err := ParseKeyID(string(text))
	if err == nil {
		*id = parsed
	}
	return err
}

func parsePrefixedID(text, prefix string) (uuid.UUID, error) {
	rest, found := strings.CutPrefix(text, prefix)
	if !found || len(rest) != 36 { // uuid.Parse takes other spellings too; one id has one text
		return uuid.UUID{}, fmt.Errorf("not %s<uuid>", prefix)
	}
	return uuid.Parse(rest)
}

// Status says whether a key may be used. "expired" is not a status: it follows from
// the expiry.
type Status string

// The statuses of a key. Revoked and rejected are final.
const (
	StatusPending  Status = "pending"  // requested, not yet approved
	StatusActive   Status = "active"   // may be used
	StatusDisabled Status = "disabled" // may not be used until it is enabled again
	StatusRevoked  Status = "revoked"  // may never be used again
	StatusRejected Status = "rejected" // was requested and refused
)

// Valid reports whether s is one of the statuses.
func (s Status) Valid() bool {
	switch s {
	case StatusPending, StatusActive, StatusDisabled, StatusRevoked, StatusRejected:
		return true
	}
	return false
}

// Key is an account that calls the API. It is never deleted, only revoked, unless it was asked
// for and never approved.
type Key struct {
	ID         KeyID
	Name       string            // for people; never an identifier
	Owner      string            // whose key it is, in the API owner's own terms; may be empty
	Plan       string            // name of its plan; empty: no plan, hence only its overrides limit it
	NextPlan   string            // name of the plan that it has from NextPlanAt on; empty: none
	NextPlanAt time.Time         // zero: it keeps its plan
	Status     Status            // the zero value is not valid
	ExpiresAt  time.Time         // zero: never
	Scopes     []string          // what the key may do; a charge may require one of them
	AllowedIPs []netip.Prefix    // empty: any address
	TimeZone   string            // IANA name; empty: the plan's, else UTC
	Metadata   map[string]string // the API owner's own notes; decisions never read them
	Unlimited  bool              // the missing limit is intended; decisions never read this
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// PlanAt returns the name of the plan that the key has at an instant.
func (k *Key) PlanAt(at time.Time) string {
	if endedAt(k.NextPlanAt, at) {
		return k.NextPlan
	}
	return k.Plan
}

// ExpiredAt reports whether the key has expired at an instant. At the instant of its
// expiry it has.
func (k *Key) ExpiredAt(at time.Time) bool { return endedAt(k.ExpiresAt, at) }

// endedAt reports whether something that lasts until an end is over; a zero end means
// that it lasts for ever.
func endedAt(end, at time.Time) bool { return !end.IsZero() && !at.Before(end) }

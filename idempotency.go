package ration

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	// IdempotencyRetention is how long a charge is remembered by its idempotency
	// key. Later the key begins anew.
	IdempotencyRetention = 24 * time.Hour
	// MaxIdempotencyKeyLength is the longest idempotency key, in bytes.
	MaxIdempotencyKeyLength = 255
)

// Idempotency makes a charge safe to ask for again: while it is remembered, the
// same charge gets the decision of the first time and is not charged. Only
// admitted charges are remembered; a denial is decided anew.
type Idempotency struct {
	Key   string // chosen by the client, unique among those of its ration key
	About string // what a repeated charge must have in common beside what is charged, such as its route; no secret
}

func (i *Idempotency) validate() error {
	valid := i.Key != "" && len(i.Key) <= MaxIdempotencyKeyLength && utf8.ValidString(i.Key)
	for _, c := range i.Key {
		valid = valid && !unicode.IsControl(c)
	}
	if !valid {
		return &InvalidError{Field: "idempotency_key", Reason: "use 1 to 255 bytes of UTF-8 without control characters"}
	}
	return nil
}

// maxAbout is how long About may be before its digest takes its place, so that the
// transaction that compares charges has little to read.
const maxAbout = 2 * sha256.Size

func (i *Idempotency) shortened() *Idempotency {
	if len(i.About) <= maxAbout {
		return i
	}
	digest := sha256.Sum256([]byte(i.About))
	return &Idempotency{Key: i.Key, About: hex.EncodeToString(digest[:])}
}

// Fingerprint tells whether two charges ask for the same.
type Fingerprint [sha256.Size]byte

// fingerprint covers what is asked for, not by which secret, nor an id that is
// made anew each time. It says how much of everything comes, so that no two
// charges spell the same.
func (c *Charge) fingerprint() Fingerprint {
	text := make([]byte, 0, 128)
	add := func(part string) {
		text = binary.BigEndian.AppendUint32(text, uint32(len(part)))
		text = append(text, part...)
	}
	text = append(text, byte(len(c.Amounts)))
	for _, amount := range c.Amounts {
		add(amount.Meter)
		text = binary.BigEndian.AppendUint64(text, uint64(amount.Units))
	}
	add(c.Scope)
	if c.Hold == nil {
		text = append(text, 0)
	} else {
		text = append(text, 1)
		add(string(c.Hold.AtExpiry))
		text = binary.BigEndian.AppendUint64(text, uint64(c.Hold.TTL))
	}
	if c.Idempotency != nil {
		add(c.Idempotency.About)
	}
	return sha256.Sum256(text)
}

// Replay is what is remembered of an admitted charge by its idempotency key.
type Replay struct {
	Key         string
	Fingerprint Fingerprint
	CreatedAt   time.Time
	Limits      []LimitStatus // as the first answer told them
	Reservation *Reservation  // as the first answer told it; nil: it was a charge
}

// isKept reports whether the replay is still remembered, whether or not it has
// been deleted yet.
func (r *Replay) isKept(now time.Time) bool { return now.Before(r.CreatedAt.Add(IdempotencyRetention)) }

package ration

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	// IdempotencyRetention is how long Ration remembers a charge by its idempotency
	// key. After that the key may be used again.
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

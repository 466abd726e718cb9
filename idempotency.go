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

// Idempotency makes a charge safe to repeat: while the charge is remembered, the same
// charge gets the first decision again and is not charged again. Only admitted
// charges are remembered; a charge that was denied is decided anew.
type Idempotency struct {
	Key   string // chosen by the client; unique among the idempotency keys of one Ration key
	About string // what a repeated charge must have in common besides its amounts, such as its route; not a secret
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

// maxAbout is the length of About beyond which its digest takes its place, so that
// the transaction that compares charges has little to read.
const maxAbout = 2 * sha256.Size

func (i *Idempotency) shortened() *Idempotency {
	if len(i.About) <= maxAbout {
		return i
	}
	digest := sha256.Sum256([]byte(i.About))
	return &Idempotency{Key: i.Key, About: hex.EncodeToString(digest[:])}
}

// Fingerprint is a digest of what a charge asks for. Charges that ask for the same
// have the same one.
type Fingerprint [sha256.Size]byte

package ration

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
)

const (
	// DefaultSecretPrefix begins each new secret, unless another prefix is set.
	DefaultSecretPrefix = "rk"
	// MaxSecretLength is the longest secret accepted, in bytes.
	MaxSecretLength = 512

	base62Digits         = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	secretRandomLength   = 32 // 190 bits
	secretChecksumLength = 6  // 62^6 > 2^32
	redacted             = "[secret]"
)

// Secret is what a client sends to show that it may use a key. It prints, logs and
// marshals as "[secret]"; only Reveal returns the text. The zero Secret means no
// secret. Two Secrets with the same text need not be equal: compare their digests.
type Secret struct {
	// A pointer, because fmt calls no method of an unexported field, nor under %p: it
	// prints the value that it finds, and of a pointer that is the address.
	text *string
}

// NewSecret makes a random secret: "<prefix>_", 32 random base62 digits (190 bits),
// and 6 digits that are the CRC-32 of everything before them. [Secret.Generated] and
// scanners of source code recognise it by this checksum. Check the prefix with
// [ValidateSecretPrefix] first.
func NewSecret(prefix string) Secret {
	body := prefix + "_" + randomBase62(secretRandomLength)
	return SecretFromText(body + secretChecksum(body))
}

// SecretFromText returns a Secret with the text that a client sent or another system
// issued: any bytes.
func SecretFromText(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: &text}
}

// Reveal returns the secret text. Show it to its holder once and keep it nowhere.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.text == nil }

// Generated reports whether s has the form and the checksum of a secret that
// [NewSecret] made, with any prefix, because the prefix may have been changed since.
// It doesn't say whether a key has the secret. An imported secret may have any form,
// even ours with another checksum.
func (s Secret) Generated() bool {
	text := s.Reveal()
	prefix := strings.LastIndexByte(text, '_') // no digit is one
	if prefix < 1 || len(text)-prefix-1 != secretRandomLength+secretChecksumLength {
		return false
	}
	body := text[:len(text)-secretChecksumLength]
	return secretChecksum(body) == text[len(body):]
}

// Digest returns what a database keeps of the secret: its SHA-256 or, with a pepper,
// its HMAC-SHA-256. A pepper is a server-side key that is kept outside the database.
// A fast hash is right here, because a secret has 190 random bits and was not chosen
// by a person.
func (s Secret) Digest(pepper []byte) Digest {
	if len(pepper) == 0 {
		return sha256.Sum256([]byte(s.Reveal()))
	}
	mac := hmac.New(sha256.New, pepper)
	mac.Write([]byte(s.Reveal()))
	return Digest(mac.Sum(nil))
}

// Ends returns the first and last characters of the secret, by which its holder
// recognises it: at most 8 and 4, and never more than a third of a short secret.
func (s Secret) Ends() (start, end string) {
	text := s.Reveal()
	third := len(text) / 3
	return strings.ToValidUTF8(text[:min(8, third)], ""), strings.ToValidUTF8(text[len(text)-min(4, third):], "")
}

// Format implements fmt.Formatter: every verb prints "[secret]".
func (s Secret) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(redacted)) }

// MarshalText implements encoding.TextMarshaler, and so JSON: "[secret]".
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// ValidateSecretPrefix returns an error unless secrets can start with prefix: 1 to 16
// lower-case letters, digits and underscores, beginning with a letter.
func ValidateSecretPrefix(prefix string) error {
	valid := prefix != "" && len(prefix) <= 16 && prefix[0] >= 'a' && prefix[0] <= 'z'
	for _, c := range prefix {
		valid = valid && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_')
	}
	if !valid {
		return &InvalidError{Field: "secret_prefix", Value: prefix, Reason: "use 1 to 16 lower-case letters, digits and underscores, starting with a letter"}
	}
	return nil
}

// Digest is the SHA-256 or HMAC-SHA-256 of a secret.
type Digest [sha256.Size]byte

// String returns the digest in hexadecimal. It is not secret, but it doesn't belong
// in a log either.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

const secretIDPrefix = "sec_"

// SecretID identifies one secret of a key. Its text is "sec_" and a UUID.
type SecretID uuid.UUID

// NewSecretID returns a new, time-ordered id.
func NewSecretID() SecretID { return SecretID(uuid.Must(uuid.NewV7())) }

// ParseSecretID reads the text form "sec_<uuid>".
func ParseSecretID(text string) (SecretID, error) {
	id, err := parsePrefixedID(text, secretIDPrefix)
	if err != nil {
		return SecretID{}, &InvalidError{Field: "secret_id", Value: text, Reason: `a secret id looks like "sec_0197c0de-…": "sec_" and a UUID`}
	}
	return SecretID(id), nil
}

// String returns the text form.
func (id SecretID) String() string { return secretIDPrefix + uuid.UUID(id).String() }

// SecretRef says which key, and which of its secrets, a digest belongs to. The zero
// SecretRef means that it belongs to no key.
type SecretRef struct {
	KeyID    KeyID
	SecretID SecretID
}

// SecretState is what the database knows of one secret of a key: everything except
// its text.
type SecretState struct {
	ID         SecretID
	Label      string
	Start, End string // the characters by which its holder recognises it
	CreatedAt  time.Time
	ExpiresAt  time.Time // zero: never
	RevokedAt  time.Time // zero: not revoked
	LastUsedAt time.Time // updated at most once a minute; zero: never
}

// ExpiredAt reports whether the secret has expired at an instant. At the instant of
// its expiry it has.
func (s *SecretState) ExpiredAt(at time.Time) bool { return endedAt(s.ExpiresAt, at) }

func randomBase62(length int) string {
	out := make([]byte, 0, length)
	var buffer [64]byte
	for {
		_, _ = rand.Read(buffer[:]) // crypto/rand.Read never fails: it ends the process
		for _, b := range buffer {
			if b >= 248 { // 4 × 62: reject the rest, so that every digit is equally likely
				continue
			}
			out = append(out, base62Digits[b%62])
			if len(out) == length {
				return string(out)
			}
		}
	}
}

func secretChecksum(body string) string {
	sum := crc32.ChecksumIEEE([]byte(body))
	var out [secretChecksumLength]byte
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = base62Digits[sum%62]
		sum /= 62
	}
	return string(out[:])
}

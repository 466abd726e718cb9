package sealed

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// Box seals and opens the answer to one request of one caller. It is safe for
// concurrent use.
type Box struct {
	id, fingerprints [sha256.Size]byte
	aead             cipher.AEAD
}

// ErrNotOpened means that an answer was changed since it was sealed, or belongs to
// another request.
var ErrNotOpened = errors.New("the answer that was kept can't be opened")

// purpose keeps the keys of this package apart from all others that could be made of
// the same secret.
const purpose = "ration: answers of the admin API, 1"

// NewBox returns the box for a caller's secret and an idempotency key. One of the two
// must be hard to guess; the secret may be empty.
func NewBox(secret, idempotencyKey string) (*Box, error) {
	material := lengthFirst(secret, idempotencyKey)
	keys, err := hkdf.Key(sha256.New, material, nil, purpose, 3*sha256.Size)
	if err != nil {
		return nil, err
	}
	box := new(Box)
	keys = keys[copy(box.id[:], keys):]
	keys = keys[copy(box.fingerprints[:], keys):]
	block, err := aes.NewCipher(keys) // AES-256
	if err != nil {
		return nil, err
	}
	box.aead, err = cipher.NewGCMWithRandomNonce(block)
	return box, err
}

// ID returns what identifies the request. It tells nothing about the secret and the
// idempotency key.
func (b *Box) ID() [32]byte { return b.id }

// Fingerprint returns a fingerprint of what is asked for. Without the box, nobody can
// find out what it was by trying.
func (b *Box) Fingerprint(parts ...string) (fingerprint [32]byte) {
	mac := hmac.New(sha256.New, b.fingerprints[:])
	mac.Write(lengthFirst(parts...))
	return [32]byte(mac.Sum(fingerprint[:0]))
}

// Seal encrypts an answer, together with the fingerprint of what was asked for.
func (b *Box) Seal(answer []byte, fingerprint [32]byte) []byte {
	return b.aead.Seal(nil, nil, answer, fingerprint[:])
}

// Open decrypts an answer. Error: ErrNotOpened.
func (b *Box) Open(sealed []byte, fingerprint [32]byte) ([]byte, error) {
	answer, err := b.aead.Open(nil, nil, sealed, fingerprint[:])
	if err != nil {
		return nil, ErrNotOpened
	}
	return answer, nil
}

// lengthFirst joins texts so that no other texts give the same.
func lengthFirst(texts ...string) (joined []byte) {
	for _, text := range texts {
		joined = binary.BigEndian.AppendUint64(joined, uint64(len(text)))
		joined = append(joined, text...)
	}
	return joined
}

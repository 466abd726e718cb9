package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/ration-dev/ration"
)

// Replay is what is remembered of an admitted charge for its idempotency key, to
// answer the same charge again.
type Replay struct {
	Key         string
	Fingerprint ration.Fingerprint
	CreatedAt   time.Time
	Limits      []ration.LimitStatus // as in the first answer
	Reservation *ration.Reservation  // as in the first answer; nil: the charge made none
}

// isKept reports whether the replay is still remembered, whether or not it has
// been deleted yet.
func (r *Replay) isKept(now time.Time) bool {
	return now.Before(r.CreatedAt.Add(ration.IdempotencyRetention))
}

// fingerprint covers what a charge asks for. It does not cover the secret, nor an id
// that is made anew each time. Each text begins with its length, so that two
// different charges never give the same bytes.
func fingerprint(c *ration.Charge) ration.Fingerprint {
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

package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/ration-dev/ration"
)

// Replay is what is remembered of an admitted charge by its idempotency key.
type Replay struct {
	Key         string
	Fingerprint ration.Fingerprint
	CreatedAt   time.Time
	Limits      []ration.LimitStatus // as the first answer told them
	Reservation *ration.Reservation  // as the first answer told it; nil: it was a charge
}

// isKept reports whether the replay is still remembered, whether or not it has
// been deleted yet.
func (r *Replay) isKept(now time.Time) bool {
	return now.Before(r.CreatedAt.Add(ration.IdempotencyRetention))
}

// fingerprint covers what is asked for, not by which secret, nor an id that is
// made anew each time. It says how much of everything comes, so that no two
// charges spell the same.
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

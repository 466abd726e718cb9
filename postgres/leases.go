package postgres

import (
	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// endLeasesSQL may find nothing of a lease that was purged meanwhile. The primary key
// serves it.
const endLeasesSQL = `
DELETE FROM leases l
USING unnest($1::uuid[], $2::uuid[]) AS d (api_key_id, id)
WHERE l.api_key_id = d.api_key_id AND l.id = d.id`

// putLeasesSQL grants leases and renews them.
var putLeasesSQL = counted(`
INSERT INTO leases (api_key_id, id, meter, expires_at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[])
ON CONFLICT (api_key_id, id, meter) DO UPDATE
SET expires_at = excluded.expires_at`, rowsSent)

// leaseWrites is what a batch writes of leases, as parameters.
type leaseWrites struct {
	ended [2]array
	put   [4]array
}

func newLeaseWrites() leaseWrites {
	return leaseWrites{
		ended: [...]array{newUUIDs(), newUUIDs()},
		put:   [...]array{newUUIDs(), newUUIDs(), newTexts(), newTimes()},
	}
}

func (w *leaseWrites) add(key ration.KeyID, account *ledger.Account) {
	for _, id := range account.EndedLeases() {
		w.ended[0].addUUID(key)
		w.ended[1].addUUID(id)
	}
	for _, slot := range account.PutLeases() {
		w.put[0].addUUID(key)
		w.put[1].addUUID(slot.ID)
		w.put[2].addText(slot.Meter)
		w.put[3].addTime(slot.ExpiresAt)
	}
}

package sqlite

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// By the primary key of leases.
const (
	leasesOfKey = "SELECT id, meter, expires_at FROM leases WHERE api_key_id = ?"
	endLease    = "DELETE FROM leases WHERE api_key_id = ? AND id = ?"
	putLease    = `INSERT INTO leases (api_key_id, id, meter, expires_at) VALUES (?,?,?,?)
		ON CONFLICT (api_key_id, id, meter) DO UPDATE SET expires_at = excluded.expires_at`
)

// readLeases gives the accounts the leases that items need. Keys without a concurrent
// limit cost no query.
func (tx *tx) readLeases(ctx context.Context, items []ration.Item, accounts map[ration.KeyID]*ledger.Account, clock ledger.Clock) error {
	var read map[ration.KeyID]bool
	for i := range items {
		id := items[i].KeyID
		account := accounts[id]
		if account == nil || read[id] || !account.NeedsLeases(&items[i]) {
			continue
		}
		if read == nil {
			read = make(map[ration.KeyID]bool)
		}
		read[id] = true
		var leases []ledger.SlotLease
		err := tx.query(ctx, leasesOfKey, []any{blob(id)}, func(r *row) error {
			leases = append(leases, ledger.SlotLease{ID: ration.ReservationID(r.id(0)), Meter: r.text(1), ExpiresAt: r.time(2)})
			return nil
		})
		if err != nil {
			return fmt.Errorf("reading the leases of %s: %w", id, err)
		}
		account.TakeLeases(leases, clock)
	}
	return nil
}

// recordLeases writes what became of a key's leases. It reports whether there was
// anything.
func (tx *tx) recordLeases(ctx context.Context, id ration.KeyID, account *ledger.Account) (changed bool, err error) {
	key := blob(id)
	for _, ended := range account.EndedLeases() {
		changed = true
		if _, err := tx.exec(ctx, endLease, key, blob(ended)); err != nil {
			return changed, fmt.Errorf("ending a lease: %w", err)
		}
	}
	for _, slot := range account.PutLeases() {
		changed = true
		if err := tx.execOne(ctx, putLease, key, blob(slot.ID), slot.Meter, micros(slot.ExpiresAt)); err != nil {
			return changed, fmt.Errorf("writing a lease: %w", err)
		}
	}
	return changed, nil
}

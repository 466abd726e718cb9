package postgres

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration"
)

// lockKeysSQL locks keys in the order in which charges lock them, and names
// their usage rows alone: see lockSQL. The primary key serves it.
const lockKeysSQL = `
SELECT api_key_id
FROM key_usage
WHERE api_key_id = ANY($1::uuid[]) AND meter = '` + ration.MeterRequests + `'
ORDER BY api_key_id
FOR NO KEY UPDATE`

// patienceSQL makes one who locks several keys wait less for each than a charge
// does: charges of those that are locked already wait for all of it.
const patienceSQL = "SET LOCAL lock_timeout = '200ms'"

// lockKeys takes the locks that every writer of keys takes first. The ids are in
// their order.
func (t tx) lockKeys(ctx context.Context, ids []ration.KeyID) error {
	if len(ids) > 1 {
		if _, err := t.exec(ctx, patienceSQL); err != nil {
			return err
		}
	}
	locked := make(map[ration.KeyID]bool, len(ids))
	err := query(ctx, t, lockKeysSQL, func(r *row) { locked[r.uuid()] = true }, uuids(ids))
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !locked[id] {
			return fmt.Errorf("%s: %w", id, ration.ErrNotFound)
		}
	}
	return nil
}

// uuids returns ids as a parameter.
func uuids(ids []ration.KeyID) [][16]byte {
	params := make([][16]byte, len(ids))
	for i, id := range ids {
		params[i] = id
	}
	return params
}

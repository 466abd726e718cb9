package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// CreateKey implements admin.Keys.
func (s *Store) CreateKey(ctx context.Context, create func(*admin.KeyChange) error) (admin.KeyRecord, error) {
	records, err := s.CreateKeys(ctx, 1, func(_ int, change *admin.KeyChange) error { return create(change) })
	if err != nil {
		return admin.KeyRecord{}, err
	}
	return records[0], nil
}

// CreateKeys implements admin.Keys. All that it writes travels together.
func (s *Store) CreateKeys(ctx context.Context, count int, create func(int, *admin.KeyChange) error) (records []admin.KeyRecord, err error) {
	if err := admin.CheckKeysAtOnce(count); err != nil {
		return nil, err
	}
	err = s.write(ctx, "creating keys", func(ctx context.Context, t tx) error {
		now, err := t.now(ctx)
		if err != nil {
			return err
		}
		ids, plans := make([]ration.KeyID, count), t.planReader(ctx)
		var b writeBatch
		for i := range ids {
			change := admin.KeyChange{Now: now, Plans: plans}
			if err := create(i, &change); err != nil {
				return err
			}
			if err := b.insertKey(&change); err != nil {
				return err
			}
			ids[i] = change.Key.ID
		}
		if err := t.run(ctx, &b); err != nil {
			return err
		}
		records, err = readKeysByID(ctx, t, ids)
		return err
	})
	if err != nil {
		return nil, err
	}
	return records, nil
}

// UpdateKey implements admin.Keys.
func (s *Store) UpdateKey(ctx context.Context, id ration.KeyID, update func(*admin.KeyChange) error) (admin.KeyRecord, error) {
	records, err := s.UpdateKeys(ctx, []ration.KeyID{id}, update)
	if err != nil {
		return admin.KeyRecord{}, err
	}
	return records[0], nil
}

// UpdateKeys implements admin.Keys. All that it writes travels together, so that
// the locks are not held for a round trip per key.
func (s *Store) UpdateKeys(ctx context.Context, ids []ration.KeyID, update func(*admin.KeyChange) error) (records []admin.KeyRecord, err error) {
	if ids, err = admin.LockOrder(ids); err != nil {
		return nil, err
	}
	err = s.write(ctx, "changing keys", func(ctx context.Context, t tx) error {
		if err := t.lockKeys(ctx, ids); err != nil {
			return err
		}
		now, err := t.now(ctx)
		if err != nil {
			return err
		}
		if records, err = readKeysByID(ctx, t, ids); err != nil {
			return err
		}
		b, err := changesOf(records, admin.KeyChange{Now: now, Plans: t.planReader(ctx)}, update)
		if err != nil {
			return err
		}
		if b.Len() == 0 {
			return admin.ErrUnchanged // records are the answer
		}
		if err := t.run(ctx, b); err != nil {
			return err
		}
		records, err = readKeysByID(ctx, t, ids)
		return err
	})
	if err != nil {
		return nil, err
	}
	return records, nil
}

// changesOf calls update with each key, and what all changes share, and returns
// what is to be written.
func changesOf(records []admin.KeyRecord, shared admin.KeyChange, update func(*admin.KeyChange) error) (*writeBatch, error) {
	b := new(writeBatch)
	for i := range records {
		before := &records[i]
		change := shared
		change.Key = cloneRecord(*before)
		switch err := update(&change); {
		case errors.Is(err, admin.ErrUnchanged):
			continue
		case err != nil:
			return nil, err
		}
		change.Key.ID = before.ID
		if err := b.updateKey(&change, before); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// planReader reads plans as the transaction sees them.
func (t tx) planReader(ctx context.Context) admin.PlanReader {
	return admin.ReadOnce(func(name string) (ration.Plan, error) { return readPlan(ctx, t, name) })
}

// KeysByID implements admin.Keys.
func (s *Store) KeysByID(ctx context.Context, ids []ration.KeyID) (records []admin.KeyRecord, err error) {
	if ids, err = admin.LockOrder(ids); err != nil {
		return nil, err
	}
	err = s.read(ctx, "reading keys", func(ctx context.Context, q querier) error {
		records, err = readKeysByID(ctx, q, ids)
		return err
	})
	if err == nil && len(records) < len(ids) {
		err = fmt.Errorf("keys: %w", ration.ErrNotFound)
	}
	return records, err
}

// Key implements admin.Keys.
func (s *Store) Key(ctx context.Context, id ration.KeyID) (record admin.KeyRecord, err error) {
	err = s.read(ctx, "reading a key", func(ctx context.Context, q querier) error {
		record, err = readKey(ctx, q, id)
		return err
	})
	return record, err
}

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

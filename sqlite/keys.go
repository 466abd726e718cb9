package sqlite

import (
	"context"
	"errors"

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

// CreateKeys implements admin.Keys.
func (s *Store) CreateKeys(ctx context.Context, count int, create func(int, *admin.KeyChange) error) (records []admin.KeyRecord, err error) {
	if err := admin.CheckKeysAtOnce(count); err != nil {
		return nil, err
	}
	err = s.write(ctx, func(ctx context.Context, tx *tx) error {
		ids, plans := make([]ration.KeyID, count), tx.planReader(ctx)
		for i := range ids {
			change := admin.KeyChange{Now: tx.now, Plans: plans}
			if err := create(i, &change); err != nil {
				return err
			}
			if err := tx.insertKey(ctx, &change); err != nil {
				return err
			}
			ids[i] = change.Key.ID
		}
		ids, err := admin.LockOrder(ids)
		if err != nil {
			return err
		}
		records, err = readKeys(ctx, tx.conn, ids)
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

// UpdateKeys implements admin.Keys. The file's one lock is that of every key.
func (s *Store) UpdateKeys(ctx context.Context, ids []ration.KeyID, update func(*admin.KeyChange) error) (records []admin.KeyRecord, err error) {
	if ids, err = admin.LockOrder(ids); err != nil {
		return nil, err
	}
	err = s.write(ctx, func(ctx context.Context, tx *tx) error {
		before, err := readKeys(ctx, tx.conn, ids)
		if err != nil {
			return err
		}
		unchanged, plans := true, tx.planReader(ctx)
		for i := range before {
			changed, err := tx.changeKey(ctx, admin.KeyChange{Now: tx.now, Key: before[i], Plans: plans}, update)
			if err != nil {
				return err
			}
			unchanged = unchanged && !changed
		}
		if records, err = readKeys(ctx, tx.conn, ids); err == nil && unchanged {
			err = errNothingToCommit
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return records, nil
}

// changeKey calls update with a key, which it may change in place, and writes
// what it leaves.
func (tx *tx) changeKey(ctx context.Context, change admin.KeyChange, update func(*admin.KeyChange) error) (changed bool, err error) {
	id := change.Key.ID
	switch err := update(&change); {
	case errors.Is(err, admin.ErrUnchanged):
		return false, nil
	case err != nil:
		return false, err
	}
	change.Key.ID = id
	return true, tx.updateKey(ctx, &change)
}

// planReader reads plans as the transaction sees them.
func (tx *tx) planReader(ctx context.Context) admin.PlanReader {
	return admin.ReadOnce(func(name string) (ration.Plan, error) { return readPlan(ctx, tx.conn, name) })
}

// KeysByID implements admin.Keys.
func (s *Store) KeysByID(ctx context.Context, ids []ration.KeyID) (records []admin.KeyRecord, err error) {
	if ids, err = admin.LockOrder(ids); err != nil {
		return nil, err
	}
	err = s.read(ctx, func(conn *conn) error {
		records, err = readKeys(ctx, conn, ids)
		return err
	})
	return records, err
}

// Key implements admin.Keys.
func (s *Store) Key(ctx context.Context, id ration.KeyID) (record admin.KeyRecord, err error) {
	err = s.read(ctx, func(conn *conn) error {
		record, err = readKey(ctx, conn, id)
		return err
	})
	return record, err
}

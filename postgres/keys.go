package postgres

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// CreateKey implements admin.Keys.
func (s *Store) CreateKey(ctx context.Context, create func(*admin.KeyChange) error) (record admin.KeyRecord, err error) {
	err = s.write(ctx, "creating a key", func(ctx context.Context, t tx) error {
		var change admin.KeyChange
		if change.Now, err = t.now(ctx); err != nil {
			return err
		}
		if err := create(&change); err != nil {
			return err
		}
		if err := t.insertKey(ctx, &change.Key.Key); err != nil {
			return err
		}
		if err := t.writeKeyParts(ctx, &change, nil); err != nil {
			return err
		}
		record, err = readKey(ctx, t, change.Key.ID)
		return err
	})
	if err != nil {
		return admin.KeyRecord{}, err
	}
	return record, nil
}

// UpdateKey implements admin.Keys.
func (s *Store) UpdateKey(ctx context.Context, id ration.KeyID, update func(*admin.KeyChange) error) (record admin.KeyRecord, err error) {
	err = s.write(ctx, "changing a key", func(ctx context.Context, t tx) error {
		if err := t.lockKey(ctx, id); err != nil {
			return err
		}
		var change admin.KeyChange
		if change.Now, err = t.now(ctx); err != nil {
			return err
		}
		if record, err = readKey(ctx, t, id); err != nil {
			return err
		}
		change.Key = cloneRecord(record)
		if err := update(&change); err != nil {
			return err // with admin.ErrUnchanged record is the answer
		}
		change.Key.ID = id
		if err := t.updateKey(ctx, &change, &record); err != nil {
			return err
		}
		record, err = readKey(ctx, t, id)
		return err
	})
	if err != nil {
		return admin.KeyRecord{}, err
	}
	return record, nil
}

// Key implements admin.Keys.
func (s *Store) Key(ctx context.Context, id ration.KeyID) (record admin.KeyRecord, err error) {
	err = s.read(ctx, "reading a key", func(ctx context.Context, q querier) error {
		record, err = readKey(ctx, q, id)
		return err
	})
	return record, err
}

// lockKey takes the lock that every writer of a key takes first.
func (t tx) lockKey(ctx context.Context, id ration.KeyID) error {
	found := false
	err := query(ctx, t, "SELECT api_key_id FROM key_usage WHERE api_key_id = $1 AND meter = $2 FOR NO KEY UPDATE",
		func(*row) { found = true }, [16]byte(id), ration.MeterRequests)
	if err == nil && !found {
		return fmt.Errorf("%s: %w", id, ration.ErrNotFound)
	}
	return err
}

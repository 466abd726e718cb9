package sqlite

import (
	"context"
	"errors"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// CreateKey implements admin.Keys.
func (s *Store) CreateKey(ctx context.Context, create func(*admin.KeyChange) error) (admin.KeyRecord, error) {
	var record admin.KeyRecord
	err := s.write(ctx, func(ctx context.Context, tx *tx) error {
		change := admin.KeyChange{Now: tx.now}
		err := create(&change)
		if err != nil {
			return err
		}
		if err := tx.insertKey(ctx, &change.Key.Key); err != nil {
			return err
		}
		if err := tx.writeKeyParts(ctx, &change); err != nil {
			return err
		}
		record, err = readKey(ctx, tx.conn, change.Key.ID)
		return err
	})
	if err != nil {
		return admin.KeyRecord{}, err
	}
	return record, nil
}

// UpdateKey implements admin.Keys.
func (s *Store) UpdateKey(ctx context.Context, id ration.KeyID, update func(*admin.KeyChange) error) (admin.KeyRecord, error) {
	var record admin.KeyRecord
	err := s.write(ctx, func(ctx context.Context, tx *tx) error {
		before, err := readKey(ctx, tx.conn, id)
		if err != nil {
			return err
		}
		change := admin.KeyChange{Now: tx.now, Key: before}
		unchanged := false
		switch err := update(&change); {
		case errors.Is(err, admin.ErrUnchanged):
			unchanged = true
		case err != nil:
			return err
		default:
			change.Key.ID = id
			if err := tx.updateKey(ctx, &change); err != nil {
				return err
			}
		}
		if record, err = readKey(ctx, tx.conn, id); err == nil && unchanged {
			err = errNothingToCommit
		}
		return err
	})
	if err != nil {
		return admin.KeyRecord{}, err
	}
	return record, nil
}

// Key implements admin.Keys.
func (s *Store) Key(ctx context.Context, id ration.KeyID) (record admin.KeyRecord, err error) {
	err = s.read(ctx, func(conn *conn) error {
		record, err = readKey(ctx, conn, id)
		return err
	})
	return record, err
}

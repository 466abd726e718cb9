package sqladmin

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// CreateKey implements admin.Keys.
func (s *Store) CreateKey(ctx context.Context, create func(*admin.KeyChange) error) (admin.KeyRecord, error) {
	records, err := s.CreateKeys(admin.Answering(ctx, theOnly), 1, func(_ int, change *admin.KeyChange) error { return create(change) })
	if err != nil {
		return admin.KeyRecord{}, err
	}
	return records[0], nil
}

// theOnly returns the record of a call for one key.
func theOnly(records []admin.KeyRecord) admin.KeyRecord { return records[0] }

// CreateKeys implements admin.Keys. All that it writes travels together.
func (s *Store) CreateKeys(ctx context.Context, count int, create func(int, *admin.KeyChange) error) (records []admin.KeyRecord, err error) {
	if err := admin.CheckKeysAtOnce(count); err != nil {
		return nil, err
	}
	err = s.writeStep(ctx, "creating keys", func(ctx context.Context, tx Tx) error {
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		var b Batch
		ids, plans, units := make([]ration.KeyID, count), planReader(ctx, tx), unitReader(ctx, tx)
		for i := range ids {
			change := admin.KeyChange{Now: now, Plans: plans, Units: units, Asking: asking{ctx, tx}}
			if err := create(i, &change); err != nil {
				return err
			}
			if err := b.insertKey(&change); err != nil {
				return err
			}
			ids[i] = change.Key.ID
		}
		if err := tx.Run(ctx, &b); err != nil {
			return err
		}
		if ids, err = admin.LockOrder(ids); err != nil {
			return err
		}
		records, err = readKeysByID(ctx, tx, ids)
		return err
	}, func() any { return records })
	if err != nil {
		return nil, err
	}
	return records, nil
}

// UpdateKey implements admin.Keys.
func (s *Store) UpdateKey(ctx context.Context, id ration.KeyID, update func(*admin.KeyChange) error) (admin.KeyRecord, error) {
	records, err := s.UpdateKeys(admin.Answering(ctx, theOnly), []ration.KeyID{id}, update)
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
	err = s.writeStep(ctx, "changing keys", func(ctx context.Context, tx Tx) error {
		if err := tx.LockKeys(ctx, ids); err != nil {
			return err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		if records, err = readKeysByID(ctx, tx, ids); err != nil {
			return err
		}
		b, err := changesOf(records, admin.KeyChange{Now: now, Plans: planReader(ctx, tx), Units: unitReader(ctx, tx), Asking: asking{ctx, tx}}, update)
		if err != nil {
			return err
		}
		if len(b.Statements) == 0 {
			return admin.ErrUnchanged // records are the answer
		}
		if err := tx.Run(ctx, b); err != nil {
			return err
		}
		records, err = readKeysByID(ctx, tx, ids)
		return err
	}, func() any { return records })
	if err != nil {
		return nil, err
	}
	return records, nil
}

// changesOf calls update with each key, and what all changes share, and returns
// what is to be written.
func changesOf(records []admin.KeyRecord, shared admin.KeyChange, update func(*admin.KeyChange) error) (*Batch, error) {
	b := new(Batch)
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

// cloneRecord returns a copy that an update may change in place.
func cloneRecord(record admin.KeyRecord) admin.KeyRecord {
	record.Scopes = slices.Clone(record.Scopes)
	record.AllowedIPs = slices.Clone(record.AllowedIPs)
	record.Metadata = maps.Clone(record.Metadata)
	record.Secrets = slices.Clone(record.Secrets)
	record.Overrides = slices.Clone(record.Overrides)
	return record
}

// planReader reads plans as the transaction sees them.
func planReader(ctx context.Context, tx Tx) admin.PlanReader {
	return admin.ReadOnce(func(name string) (ration.Plan, error) { return readPlan(ctx, tx, name) })
}

// KeysByID implements admin.Keys.
func (s *Store) KeysByID(ctx context.Context, ids []ration.KeyID) (records []admin.KeyRecord, err error) {
	if ids, err = admin.LockOrder(ids); err != nil {
		return nil, err
	}
	err = s.db.Read(ctx, "reading keys", func(ctx context.Context, r Reader) error {
		records, err = readKeysByID(ctx, r, ids)
		return err
	})
	return records, err
}

// NamesOfKeys implements admin.Keys. The primary key of api_keys serves it.
func (s *Store) NamesOfKeys(ctx context.Context, ids []ration.KeyID) (names map[ration.KeyID]string, err error) {
	if ids, err = admin.LockOrder(ids); err != nil {
		return nil, err
	}
	err = s.db.Read(ctx, "reading the names of keys", func(ctx context.Context, r Reader) error {
		names = make(map[ration.KeyID]string, len(ids))
		return r.Query(ctx, "SELECT id, name FROM api_keys WHERE id IN (?)", func(row Row) { names[row.ID()] = row.Text() }, ids)
	})
	return names, err
}

// Key implements admin.Keys.
func (s *Store) Key(ctx context.Context, id ration.KeyID) (record admin.KeyRecord, err error) {
	err = s.db.Read(ctx, "reading a key", func(ctx context.Context, r Reader) error {
		records, err := readKeysByID(ctx, r, []ration.KeyID{id})
		if err == nil {
			record = records[0]
		}
		return err
	})
	return record, err
}

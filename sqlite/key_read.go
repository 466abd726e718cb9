package sqlite

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

const defaultKeyLimit = 1_000

// By the primary key of api_keys.
var keysByID = newListQuery("SELECT " + keyColumns + " FROM api_keys WHERE id IN (?) ORDER BY id")

// ListKeys implements admin.Keys.
func (s *Store) ListKeys(ctx context.Context, filter admin.KeyFilter) (records []admin.KeyRecord, err error) {
	query, values := keysQuery(filter)
	err = s.read(ctx, func(conn *conn) error {
		err := conn.query(ctx, query, values, func(r *row) error {
			records = append(records, admin.KeyRecord{Key: r.key()})
			return nil
		})
		if err != nil {
			return err
		}
		return readKeyParts(ctx, conn, records)
	})
	if err != nil {
		return nil, fmt.Errorf("listing keys: %w", err)
	}
	return records, nil
}

func keysQuery(filter admin.KeyFilter) (query string, values []any) {
	where := keyCondition(filter)
	query = "SELECT " + keyColumns + " FROM api_keys" + where.sql() + " ORDER BY id LIMIT ?"
	return query, append(where.values, limitOr(filter.Limit, defaultKeyLimit))
}

// keyCondition reads the index of a name, an owner or a plan, each of which ends
// with the id; else the primary key.
func keyCondition(filter admin.KeyFilter) (where condition) {
	if filter.Name != "" {
		where.and("name = ?", filter.Name)
	}
	if filter.Owner != "" {
		where.and("owner = ?", filter.Owner)
	}
	if filter.Plan != "" {
		where.and("plan = ?", filter.Plan)
	}
	if filter.Status != "" {
		where.and("status = ?", string(filter.Status))
	}
	if !filter.After.IsZero() {
		where.and("id > ?", blob(filter.After))
	}
	return where
}

// readKey returns a key, or ration.ErrNotFound.
func readKey(ctx context.Context, conn *conn, id ration.KeyID) (admin.KeyRecord, error) {
	records, err := readKeys(ctx, conn, []ration.KeyID{id})
	if err != nil {
		return admin.KeyRecord{}, err
	}
	return records[0], nil
}

// readKeys returns keys, whose ids are in order, or ration.ErrNotFound.
func readKeys(ctx context.Context, conn *conn, ids []ration.KeyID) ([]admin.KeyRecord, error) {
	records := make([]admin.KeyRecord, 0, len(ids))
	err := queryList(ctx, conn, keysByID, blobs(ids), func(r *row) error {
		records = append(records, admin.KeyRecord{Key: r.key()})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading keys: %w", err)
	}
	for i, id := range ids {
		if i == len(records) || records[i].ID != id {
			return nil, fmt.Errorf("%s: %w", id, ration.ErrNotFound)
		}
	}
	return records, readKeyParts(ctx, conn, records)
}

func blobs(ids []ration.KeyID) [][]byte {
	values := make([][]byte, len(ids))
	for i, id := range ids {
		values[i] = blob(id)
	}
	return values
}

// By the primary key of api_key_secrets.
var keySecrets = newListQuery("SELECT " + secretColumns + " FROM api_key_secrets WHERE api_key_id IN (?) ORDER BY created_at, secret_id")

// readKeyParts adds the secrets and overrides to records.
func readKeyParts(ctx context.Context, conn *conn, records []admin.KeyRecord) error {
	ids := make([][]byte, len(records))
	byID := make(map[ration.KeyID]*admin.KeyRecord, len(records))
	for i := range records {
		ids[i] = blob(records[i].ID)
		byID[records[i].ID] = &records[i]
	}
	err := queryList(ctx, conn, keySecrets, ids, func(r *row) error {
		record := byID[ration.KeyID(r.id(0))]
		record.Secrets = append(record.Secrets, r.secret())
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading secrets of keys: %w", err)
	}
	return readOverrides(ctx, conn, ids, func(id ration.KeyID, override ration.Override) {
		byID[id].Overrides = append(byID[id].Overrides, override)
	})
}

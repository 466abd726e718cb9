package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

const (
	defaultKeyLimit = 1_000

	keyColumns      = "id, name, owner, plan, status, expires_at, scopes, allowed_ips, time_zone, metadata::text, created_at, updated_at, unlimited"
	secretColumns   = "api_key_id, secret_id, label, starts_with, ends_with, created_at, expires_at, revoked_at, last_used_at" //nolint:gosec // names of columns
	beneathColumns  = "api_key_id, meter, kind, period, name, quantity, burst, unlimited"
	overrideColumns = beneathColumns + ", expires_at"

	// limitsBeneath are the lasting limits b that are beneath a temporary one.
	limitsBeneath = `api_key_limits_beneath b JOIN api_key_limits t
	ON t.api_key_id = b.api_key_id AND t.meter = b.meter AND t.kind = b.kind AND t.period = b.period AND t.expires_at IS NOT NULL`
)

// ListKeys implements admin.Keys. The first of name, owner and plan that is
// given has an index that ends with the id; else it walks the primary key.
func (s *Store) ListKeys(ctx context.Context, filter admin.KeyFilter) (records []admin.KeyRecord, err error) {
	where := keyCondition(filter)
	sql := "SELECT " + keyColumns + " FROM api_keys" + where.sql() + " ORDER BY id" + where.limit(filter.Limit, defaultKeyLimit)
	err = s.read(ctx, "listing keys", func(ctx context.Context, q querier) error {
		records, err = readKeys(ctx, q, sql, where.values...)
		return err
	})
	return records, err
}

func keyCondition(filter admin.KeyFilter) (where condition) {
	if filter.Name != "" {
		where.and("name =", filter.Name)
	}
	if filter.Owner != "" {
		where.and("owner =", filter.Owner)
	}
	if filter.Plan != "" {
		where.and("plan =", filter.Plan)
	}
	if filter.Status != "" {
		where.and("status =", string(filter.Status))
	}
	if !filter.After.IsZero() {
		where.and("id >", [16]byte(filter.After))
	}
	return where
}

// readKey returns a key, or ration.ErrNotFound.
func readKey(ctx context.Context, q querier, id ration.KeyID) (admin.KeyRecord, error) {
	records, err := readKeysByID(ctx, q, []ration.KeyID{id})
	switch {
	case err != nil:
		return admin.KeyRecord{}, err
	case len(records) == 0:
		return admin.KeyRecord{}, fmt.Errorf("%s: %w", id, ration.ErrNotFound)
	}
	return records[0], nil
}

// Each is served by its table's primary key.
const (
	keysByIDSQL     = "SELECT " + keyColumns + " FROM api_keys WHERE id = ANY($1::uuid[]) ORDER BY id"
	keySecretsSQL   = "SELECT " + secretColumns + " FROM api_key_secrets WHERE api_key_id = ANY($1::uuid[]) ORDER BY secret_id"
	keyOverridesSQL = "SELECT " + overrideColumns + " FROM api_key_limits WHERE api_key_id = ANY($1::uuid[])" +
		" UNION ALL SELECT b.api_key_id, b.meter, b.kind, b.period, b.name, b.quantity, b.burst, b.unlimited, NULL FROM " + limitsBeneath +
		" WHERE b.api_key_id = ANY($1::uuid[]) ORDER BY meter, kind, period, expires_at NULLS FIRST"
)

// readKeysByID returns those keys that exist, in the order of their ids.
func readKeysByID(ctx context.Context, q querier, ids []ration.KeyID) ([]admin.KeyRecord, error) {
	return readKeys(ctx, q, keysByIDSQL, uuids(ids))
}

// readKeys returns the keys of a query with their secrets and overrides.
func readKeys(ctx context.Context, q querier, sql string, args ...any) (records []admin.KeyRecord, err error) {
	byID := make(map[ration.KeyID]int)
	var ids [][16]byte
	err = query(ctx, q, sql, func(r *row) {
		records = append(records, admin.KeyRecord{Key: r.key()})
		id := records[len(records)-1].ID
		byID[id] = len(records) - 1
		ids = append(ids, id)
	}, args...)
	if err != nil || len(records) == 0 {
		return nil, err
	}
	err = query(ctx, q, keySecretsSQL, func(r *row) {
		record := &records[byID[r.uuid()]]
		record.Secrets = append(record.Secrets, r.wholeSecret())
	}, ids)
	if err != nil {
		return nil, err
	}
	err = query(ctx, q, keyOverridesSQL, func(r *row) {
		record := &records[byID[r.uuid()]]
		record.Overrides = append(record.Overrides, ration.Override{Limit: r.limit(), Unlimited: r.bool(), ExpiresAt: r.time()})
	}, ids)
	return records, err
}

// key reads keyColumns.
func (r *row) key() ration.Key {
	key := ration.Key{ID: r.uuid(), Name: r.text(), Owner: r.text(), Plan: r.text(), Status: r.status(), ExpiresAt: r.time()}
	key.Scopes, key.AllowedIPs, key.TimeZone = r.texts(), r.prefixes(), r.text()
	if metadata := r.take(-1); string(metadata) != "{}" {
		if err := json.Unmarshal(metadata, &key.Metadata); err != nil {
			r.err = fmt.Errorf("metadata of %s: %w", key.ID, err)
		}
	}
	key.CreatedAt, key.UpdatedAt, key.Unlimited = r.time(), r.time(), r.bool()
	return key
}

// wholeSecret reads secretColumns after the key's id.
func (r *row) wholeSecret() ration.SecretState {
	secret := ration.SecretState{ID: r.uuid(), Label: r.text(), Start: r.text(), End: r.text(), CreatedAt: r.time()}
	secret.ExpiresAt, secret.RevokedAt, secret.LastUsedAt = r.time(), r.time(), r.time()
	return secret
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

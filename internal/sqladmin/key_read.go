package sqladmin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

const (
	keyColumns      = "id, name, owner, plan, status, expires_at, scopes, allowed_ips, time_zone, metadata, created_at, updated_at, unlimited"
	secretColumns   = "api_key_id, secret_id, label, starts_with, ends_with, created_at, expires_at, revoked_at, last_used_at" //nolint:gosec // names of columns
	beneathColumns  = "api_key_id, meter, kind, period, name, quantity, burst, unlimited"
	overrideColumns = beneathColumns + ", expires_at, starts_at, plan"
)

// The statements that read keys, even many of them while they are locked. The primary
// keys of the tables serve each. A row of api_key_limits_beneath counts only if there
// is a temporary limit for the same meter, kind and period: a release that does not
// know the table may have put a lasting limit in its place, or none.
const (
	KeysByID   = "SELECT " + keyColumns + " FROM api_keys WHERE id IN (?) ORDER BY id"
	KeySecrets = "SELECT " + secretColumns + " FROM api_key_secrets WHERE api_key_id IN (?) ORDER BY created_at, secret_id"

	KeyOverrides = "SELECT " + beneathColumns + `, expires_at, starts_at, plan, (SELECT m.decimals FROM meters m WHERE m.name = meter) FROM api_key_limits WHERE api_key_id IN (?)
		UNION ALL
		SELECT ` + beneathColumns + `, NULL, NULL, NULL, (SELECT m.decimals FROM meters m WHERE m.name = b.meter) FROM api_key_limits_beneath b WHERE api_key_id IN (?) AND EXISTS (
			SELECT 1 FROM api_key_limits t
			WHERE t.api_key_id = b.api_key_id AND t.meter = b.meter AND t.kind = b.kind AND t.period = b.period AND t.expires_at IS NOT NULL)
		ORDER BY meter, kind, period, expires_at NULLS FIRST`
)

// readKeysByID returns keys, whose ids are in order, or ration.ErrNotFound.
func readKeysByID(ctx context.Context, r Reader, ids []ration.KeyID) ([]admin.KeyRecord, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	records, err := readKeys(ctx, r, KeysByID, ids)
	if err != nil {
		return nil, err
	}
	for i, id := range ids {
		if i == len(records) || records[i].ID != id {
			return nil, fmt.Errorf("%s: %w", id, ration.ErrNotFound)
		}
	}
	return records, nil
}

// readKeysInOrder returns keys in the order of their ids in a list.
func readKeysInOrder(ctx context.Context, r Reader, ids []ration.KeyID) ([]admin.KeyRecord, error) {
	records, err := readKeys(ctx, r, KeysByID, ids)
	places := make(map[ration.KeyID]int, len(ids))
	for i, id := range ids {
		places[id] = i
	}
	slices.SortFunc(records, func(a, b admin.KeyRecord) int { return places[a.ID] - places[b.ID] })
	return records, err
}

// readKeys returns the keys of a query with their secrets and overrides.
func readKeys(ctx context.Context, r Reader, sql string, args ...any) (records []admin.KeyRecord, err error) {
	err = r.Query(ctx, sql, func(row Row) { records = append(records, admin.KeyRecord{Key: readKey(row)}) }, args...)
	if err != nil || len(records) == 0 {
		return nil, err
	}
	ids := make([]ration.KeyID, len(records))
	byID := make(map[ration.KeyID]*admin.KeyRecord, len(records))
	for i := range records {
		ids[i] = records[i].ID
		byID[ids[i]] = &records[i]
	}
	err = r.Query(ctx, KeySecrets, func(row Row) {
		record := byID[row.ID()]
		record.Secrets = append(record.Secrets, readSecret(row))
	}, ids)
	if err != nil {
		return nil, err
	}
	return records, readOverrides(ctx, r, byID, ids)
}

// readOverrides reads the overrides of keys, and the plans that they get next.
func readOverrides(ctx context.Context, r Reader, byID map[ration.KeyID]*admin.KeyRecord, ids []ration.KeyID) error {
	return r.Query(ctx, KeyOverrides, func(row Row) {
		record := byID[row.ID()]
		override := ration.Override{Limit: readLimit(row), Unlimited: row.Bool(), ExpiresAt: row.Time()}
		startsAt, plan := row.Time(), row.Text()
		override.Limit = readUnitOf(override.Limit, row)
		if override.Period == ledger.NextPlanPeriod {
			record.NextPlan, record.NextPlanAt = plan, startsAt
		} else {
			record.Overrides = append(record.Overrides, ledger.ReadOverride(override, startsAt))
		}
	}, ids)
}

// readKey reads keyColumns.
func readKey(row Row) ration.Key {
	key := ration.Key{
		ID: row.ID(), Name: row.Text(), Owner: row.Text(), Plan: row.Text(), Status: ration.Status(row.Text()), ExpiresAt: row.Time(),
		Scopes: row.Texts(), AllowedIPs: readPrefixes(row), TimeZone: row.Text(),
	}
	if metadata := row.JSON(); string(metadata) != "{}" {
		if err := json.Unmarshal(metadata, &key.Metadata); err != nil {
			row.Fail(fmt.Errorf("metadata of %s: %w", key.ID, err))
		}
	}
	key.CreatedAt, key.UpdatedAt, key.Unlimited = row.Time(), row.Time(), row.Bool()
	return key
}

// readPrefixes reads an IP allow list. An entry that is no prefix is an error, for
// to leave it out of the list could open the key to every address.
func readPrefixes(row Row) (prefixes []netip.Prefix) {
	for _, text := range row.Texts() {
		prefix, err := netip.ParsePrefix(text)
		row.Fail(err)
		prefixes = append(prefixes, prefix)
	}
	return prefixes
}

// readSecret reads secretColumns after the key's id.
func readSecret(row Row) ration.SecretState {
	return ration.SecretState{
		ID: row.ID(), Label: row.Text(), Start: row.Text(), End: row.Text(), CreatedAt: row.Time(),
		ExpiresAt: row.Time(), RevokedAt: row.Time(), LastUsedAt: row.Time(),
	}
}

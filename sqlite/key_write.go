package sqlite

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// insertKey adds a key, the row that is its lock and all else of a change.
func (tx *tx) insertKey(ctx context.Context, change *admin.KeyChange) error {
	key := &change.Key.Key
	values, err := keyValues(key)
	if err != nil {
		return err
	}
	err = tx.execOne(ctx, `INSERT INTO api_keys (name, owner, plan, status, expires_at, scopes, allowed_ips, time_zone, metadata, unlimited, updated_at, created_at, id)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)`, append(values, micros(key.CreatedAt), blob(key.ID))...)
	if err != nil {
		return explainKey(key, err)
	}
	if err := tx.execOne(ctx, "INSERT INTO key_usage (api_key_id, meter) VALUES (?,?)", blob(key.ID), ration.MeterRequests); err != nil {
		return err
	}
	return tx.writeKeyParts(ctx, change)
}

// updateKey writes all that an update may leave in a change.
func (tx *tx) updateKey(ctx context.Context, change *admin.KeyChange) error {
	key := &change.Key.Key
	values, err := keyValues(key)
	if err != nil {
		return err
	}
	err = tx.execOne(ctx, `UPDATE api_keys SET name = ?, owner = ?, plan = ?, status = ?, expires_at = ?, scopes = ?,
		allowed_ips = ?, time_zone = ?, metadata = ?, unlimited = ?, updated_at = ? WHERE id = ?`, append(values, blob(key.ID))...)
	if err != nil {
		return explainKey(key, err)
	}
	for _, secret := range change.Key.Secrets {
		err := tx.execOne(ctx, "UPDATE api_key_secrets SET expires_at = ?, revoked_at = ? WHERE api_key_id = ? AND secret_id = ?",
			optionalMicros(secret.ExpiresAt), optionalMicros(secret.RevokedAt), blob(key.ID), blob(secret.ID))
		if err != nil {
			return err
		}
	}
	return tx.writeKeyParts(ctx, change)
}

// writeKeyParts writes the overrides, the new secrets and the audit entry of a change.
func (tx *tx) writeKeyParts(ctx context.Context, change *admin.KeyChange) error {
	id := change.Key.ID
	if err := tx.writeOverrides(ctx, id, change.Key.Overrides); err != nil {
		return fmt.Errorf("writing overrides of %s: %w", id, err)
	}
	for _, secret := range change.NewSecrets {
		if err := tx.insertSecret(ctx, id, secret); err != nil {
			return fmt.Errorf("writing secret %s of %s: %w", secret.ID, id, err)
		}
	}
	return tx.audit(ctx, change.Audit)
}

// writeOverrides puts overrides in the place of all that a key has.
func (tx *tx) writeOverrides(ctx context.Context, id ration.KeyID, overrides []ration.Override) error {
	for _, table := range []string{"api_key_limits", "api_key_limits_beneath"} {
		if _, err := tx.exec(ctx, "DELETE FROM "+table+" WHERE api_key_id = ?", blob(id)); err != nil {
			return err
		}
	}
	above, beneath := admin.LayersOf(overrides)
	for i := range above {
		err := tx.insertOverride(ctx, "api_key_limits ("+overrideColumns+") VALUES (?,?,?,?,?,?,?,?,?)",
			append(overrideValues(id, &above[i]), optionalMicros(above[i].ExpiresAt)))
		if err != nil {
			return err
		}
	}
	for i := range beneath {
		err := tx.insertOverride(ctx, "api_key_limits_beneath ("+beneathColumns+") VALUES (?,?,?,?,?,?,?,?)", overrideValues(id, &beneath[i]))
		if err != nil {
			return err
		}
	}
	return nil
}

func (tx *tx) insertOverride(ctx context.Context, into string, values []any) error {
	err := tx.execOne(ctx, "INSERT INTO "+into, values...)
	if isTaken(err) {
		return fmt.Errorf("two overrides for one meter, kind and period: %w", ration.ErrExists)
	}
	return err
}

// overrideValues are those of beneathColumns.
func overrideValues(id ration.KeyID, override *ration.Override) []any {
	return []any{
		blob(id), override.Meter, string(override.Kind), string(override.Period), override.Name,
		override.Quantity, override.Burst, flag(override.Unlimited),
	}
}

func (tx *tx) insertSecret(ctx context.Context, id ration.KeyID, secret admin.NewSecret) error {
	err := tx.execOne(ctx, "INSERT INTO secret_digests (digest, api_key_id, secret_id) VALUES (?,?,?)",
		secret.Digest[:], blob(id), blob(secret.ID))
	if err == nil {
		err = tx.execOne(ctx, "INSERT INTO api_key_secrets ("+secretColumns+") VALUES (?,?,?,?,?,?,?,?,?)",
			blob(id), blob(secret.ID), optionalMicros(secret.ExpiresAt), optionalMicros(secret.RevokedAt),
			optionalMicros(secret.LastUsedAt), secret.Label, secret.Start, secret.End, micros(secret.CreatedAt))
	}
	if isTaken(err) {
		return ration.ErrExists
	}
	return err
}

// keyValues returns the columns that both an insert and an update write.
func keyValues(key *ration.Key) ([]any, error) {
	scopes, err := jsonText(key.Scopes, "[]")
	if err != nil {
		return nil, err
	}
	allowedIPs, err := jsonText(key.AllowedIPs, "[]")
	if err != nil {
		return nil, err
	}
	metadata, err := jsonText(key.Metadata, "{}")
	if err != nil {
		return nil, err
	}
	return []any{
		key.Name, key.Owner, optionalString(key.Plan), string(key.Status), optionalMicros(key.ExpiresAt),
		scopes, allowedIPs, key.TimeZone, metadata, flag(key.Unlimited), micros(key.UpdatedAt),
	}, nil
}

// explainKey knows the only two constraints that a valid key can violate.
func explainKey(key *ration.Key, err error) error {
	switch {
	case isTaken(err):
		return fmt.Errorf("%s: %w", key.ID, ration.ErrExists)
	case isReferred(err):
		return fmt.Errorf("plan %q: %w", key.Plan, ration.ErrNotFound)
	}
	return fmt.Errorf("writing %s: %w", key.ID, err)
}

package postgres

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// insertKey adds a key, the row that is its lock and all else of a change.
func (b *writeBatch) insertKey(change *admin.KeyChange) error {
	key := &change.Key.Key
	values, err := keyValues(key)
	if err != nil {
		return err
	}
	b.addOne(explainKey(key), `INSERT INTO api_keys (id, name, owner, plan, status, expires_at, scopes, allowed_ips, time_zone, metadata, unlimited, updated_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, append(values, key.CreatedAt)...)
	b.addOne(asItIs, "INSERT INTO key_usage (api_key_id, meter) VALUES ($1, $2)", [16]byte(key.ID), ration.MeterRequests)
	b.insertKeyParts(change, nil)
	return nil
}

// updateKey adds all that an update has changed.
func (b *writeBatch) updateKey(change *admin.KeyChange, before *admin.KeyRecord) error {
	key := &change.Key.Key
	values, err := keyValues(key)
	if err != nil {
		return err
	}
	b.addOne(explainKey(key), `UPDATE api_keys SET name = $2, owner = $3, plan = $4, status = $5, expires_at = $6, scopes = $7,
		allowed_ips = $8, time_zone = $9, metadata = $10, unlimited = $11, updated_at = $12 WHERE id = $1`, values...)
	for i := range change.Key.Secrets {
		b.updateSecret(key.ID, &change.Key.Secrets[i], before.Secrets)
	}
	b.insertKeyParts(change, before.Overrides)
	return nil
}

// updateSecret adds a secret's end, if it was changed. Nothing else of a secret changes.
func (b *writeBatch) updateSecret(id ration.KeyID, secret *ration.SecretState, before []ration.SecretState) {
	unchanged := slices.ContainsFunc(before, func(s ration.SecretState) bool {
		return s.ID == secret.ID && s.ExpiresAt.Equal(secret.ExpiresAt) && s.RevokedAt.Equal(secret.RevokedAt)
	})
	if unchanged {
		return
	}
	b.addOne(asItIs, "UPDATE api_key_secrets SET expires_at = $3, revoked_at = $4 WHERE api_key_id = $1 AND secret_id = $2",
		[16]byte(id), [16]byte(secret.ID), orNull(secret.ExpiresAt), orNull(secret.RevokedAt))
}

// insertKeyParts adds the overrides, the new secrets and the audit entry of a change.
func (b *writeBatch) insertKeyParts(change *admin.KeyChange, before []ration.Override) {
	id := change.Key.ID
	if !slices.Equal(before, change.Key.Overrides) {
		b.writeOverrides(id, change.Key.Overrides)
	}
	for i := range change.NewSecrets {
		b.insertSecret(id, &change.NewSecrets[i])
	}
	b.addOne(asItIs, auditSQL, auditValues(change.Audit, change.Now)...)
}

// writeOverrides puts overrides in the place of all that a key has.
func (b *writeBatch) writeOverrides(id ration.KeyID, overrides []ration.Override) {
	explain := func(err error) error {
		if sqlState(err) == stateUnique {
			return fmt.Errorf("two overrides of %s for one meter, kind and period: %w", id, ration.ErrExists)
		}
		return err
	}
	b.add(asItIs, "DELETE FROM api_key_limits WHERE api_key_id = $1", [16]byte(id))
	b.add(asItIs, "DELETE FROM api_key_limits_beneath WHERE api_key_id = $1", [16]byte(id))
	above, beneath := admin.LayersOf(overrides)
	for i := range above {
		b.addOne(explain, "INSERT INTO api_key_limits ("+overrideColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
			append(overrideValues(id, &above[i]), orNull(above[i].ExpiresAt))...)
	}
	for i := range beneath {
		b.addOne(explain, "INSERT INTO api_key_limits_beneath ("+beneathColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
			overrideValues(id, &beneath[i])...)
	}
}

// overrideValues are those of beneathColumns.
func overrideValues(id ration.KeyID, override *ration.Override) []any {
	return []any{
		[16]byte(id), override.Meter, string(override.Kind), string(override.Period), override.Name,
		override.Quantity, override.Burst, override.Unlimited,
	}
}

func (b *writeBatch) insertSecret(id ration.KeyID, secret *admin.NewSecret) {
	explain := func(err error) error {
		if sqlState(err) == stateUnique {
			return fmt.Errorf("secret %s: %w", secret.ID, ration.ErrExists)
		}
		return err
	}
	b.addOne(explain, "INSERT INTO secret_digests (digest, api_key_id, secret_id) VALUES ($1, $2, $3)",
		secret.Digest[:], [16]byte(id), [16]byte(secret.ID))
	b.addOne(explain, "INSERT INTO api_key_secrets ("+secretColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		[16]byte(id), [16]byte(secret.ID), secret.Label, secret.Start, secret.End, secret.CreatedAt,
		orNull(secret.ExpiresAt), orNull(secret.RevokedAt), orNull(secret.LastUsedAt))
}

// keyValues returns the columns that both an insert and an update write.
func keyValues(key *ration.Key) ([]any, error) {
	metadata := []byte("{}")
	if len(key.Metadata) > 0 {
		var err error
		if metadata, err = json.Marshal(key.Metadata); err != nil {
			return nil, err
		}
	}
	return []any{
		[16]byte(key.ID), key.Name, key.Owner, orNullText(key.Plan), string(key.Status), orNull(key.ExpiresAt),
		append([]string{}, key.Scopes...), formatPrefixes(key.AllowedIPs), key.TimeZone, string(metadata), key.Unlimited, key.UpdatedAt,
	}, nil
}

// explainKey knows the only two constraints that a valid key can violate.
func explainKey(key *ration.Key) func(error) error {
	id, plan := key.ID, key.Plan
	return func(err error) error {
		switch sqlState(err) {
		case stateUnique:
			return fmt.Errorf("%s: %w", id, ration.ErrExists)
		case stateForeignKey:
			return fmt.Errorf("plan %q: %w", plan, ration.ErrNotFound)
		}
		return err
	}
}

func orNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

func orNullText(text string) any {
	if text == "" {
		return nil
	}
	return text
}

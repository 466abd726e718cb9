package sqladmin

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

// insertKey adds a key, the row that is its lock and all else of a change.
func (b *Batch) insertKey(change *admin.KeyChange) error {
	values, err := keyValues(&change.Key.Key)
	if err != nil {
		return err
	}
	id := change.Key.ID
	b.AddOne(meaningOf(&change.Key.Key), `INSERT INTO api_keys
		(name, owner, plan, status, expires_at, scopes, allowed_ips, time_zone, metadata, unlimited, updated_at, words_at, created_at, id)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, append(values, change.Key.UpdatedAt, change.Key.CreatedAt, id)...)
	b.insertWords(&change.Key.Key)
	b.AddOne(Meaning{}, "INSERT INTO key_usage (api_key_id, meter) VALUES (?, ?)", id, ration.MeterRequests)
	b.insertKeyParts(change, new(admin.KeyRecord))
	b.events(change, nil)
	return nil
}

// updateKey adds all that an update has changed.
func (b *Batch) updateKey(change *admin.KeyChange, before *admin.KeyRecord) error {
	values, err := keyValues(&change.Key.Key)
	if err != nil {
		return err
	}
	id := change.Key.ID
	renamed := change.Key.Name != before.Name || change.Key.Owner != before.Owner
	b.AddOne(meaningOf(&change.Key.Key), `UPDATE api_keys SET name = ?, owner = ?, plan = ?, status = ?, expires_at = ?, scopes = ?,
		allowed_ips = ?, time_zone = ?, metadata = ?, unlimited = ?, updated_at = ?, words_at = CASE WHEN ? OR words_at = updated_at THEN ? ELSE words_at END,
		expiry_told_at = CASE WHEN ? THEN expiry_told_at END
		WHERE id = ?`, append(values, renamed, change.Key.UpdatedAt, change.Key.ExpiresAt.Equal(before.ExpiresAt), id)...)
	if renamed {
		b.replaceWords(&change.Key.Key)
	}
	for i := range change.Key.Secrets {
		b.updateSecret(id, &change.Key.Secrets[i], before.Secrets)
	}
	b.insertKeyParts(change, before)
	b.events(change, before)
	return nil
}

// updateSecret adds a secret's end, if it was changed. Nothing else of a secret changes.
func (b *Batch) updateSecret(id ration.KeyID, secret *ration.SecretState, before []ration.SecretState) {
	unchanged := slices.ContainsFunc(before, func(s ration.SecretState) bool {
		return s.ID == secret.ID && s.ExpiresAt.Equal(secret.ExpiresAt) && s.RevokedAt.Equal(secret.RevokedAt)
	})
	if unchanged {
		return
	}
	b.AddOne(Meaning{}, "UPDATE api_key_secrets SET expires_at = ?, revoked_at = ? WHERE api_key_id = ? AND secret_id = ?",
		orNull(secret.ExpiresAt), orNull(secret.RevokedAt), id, secret.ID)
}

// insertKeyParts adds the overrides, the new secrets, the request and link, and the audit entry of a change.
func (b *Batch) insertKeyParts(change *admin.KeyChange, before *admin.KeyRecord) {
	id, key := change.Key.ID, &change.Key
	if !slices.Equal(before.Overrides, key.Overrides) || before.NextPlan != key.NextPlan || !before.NextPlanAt.Equal(key.NextPlanAt) {
		b.writeOverrides(id, key.Overrides)
		b.writeNextPlan(&key.Key)
	}
	for i := range change.NewSecrets {
		b.insertSecret(id, &change.NewSecrets[i])
	}
	b.insertAsked(change)
	b.Audit(change.Audit, change.Now)
}

// writeOverrides puts overrides in the place of all that a key has.
func (b *Batch) writeOverrides(id ration.KeyID, overrides []ration.Override) {
	twice := Meaning{Taken: fmt.Errorf("two overrides of %s for one meter, kind and period: %w", id, ration.ErrExists)}
	b.Add("DELETE FROM api_key_limits WHERE api_key_id = ?", id)
	b.Add("DELETE FROM api_key_limits_beneath WHERE api_key_id = ?", id)
	above, beneath := admin.LayersOf(overrides)
	for i := range above {
		b.AddOne(twice, "INSERT INTO api_key_limits ("+overrideColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
			append(overrideValues(id, &above[i]), orNull(above[i].ExpiresAt), orNull(above[i].StartsAt))...)
	}
	for i := range beneath {
		b.AddOne(twice, "INSERT INTO api_key_limits_beneath ("+beneathColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			overrideValues(id, &beneath[i])...)
	}
}

// writeNextPlan writes the plan that a key will have.
func (b *Batch) writeNextPlan(key *ration.Key) {
	if !key.NextPlanAt.IsZero() {
		b.AddOne(Meaning{Referred: fmt.Errorf("plan %q: %w", key.NextPlan, ration.ErrNotFound)},
			"INSERT INTO api_key_limits ("+overrideColumns+") VALUES (?, '', 'quota', '"+string(ledger.NextPlanPeriod)+"', '', 0, 0, ?, NULL, ?, ?)",
			key.ID, false, key.NextPlanAt, orNullText(key.NextPlan))
	}
}

// overrideValues are those of beneathColumns.
func overrideValues(id ration.KeyID, override *ration.Override) []any {
	limit := override.Limit
	if override.Scheduled() {
		limit = ledger.StoredNext(limit, override.Removed, 1)
	}
	return []any{
		id, limit.Meter, string(limit.Kind), string(limit.Period), limit.Name,
		limit.Quantity, limit.Burst, override.Unlimited,
	}
}

func (b *Batch) insertSecret(id ration.KeyID, secret *admin.NewSecret) {
	taken := Meaning{Taken: fmt.Errorf("secret %s of %s: %w", secret.ID, id, ration.ErrExists)}
	b.AddOne(taken, "INSERT INTO secret_digests (digest, api_key_id, secret_id) VALUES (?, ?, ?)", secret.Digest, id, secret.ID)
	b.AddOne(taken, "INSERT INTO api_key_secrets ("+secretColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		id, secret.ID, secret.Label, secret.Start, secret.End, secret.CreatedAt,
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
	allowed := make([]string, len(key.AllowedIPs))
	for i, prefix := range key.AllowedIPs {
		allowed[i] = prefix.String()
	}
	return []any{
		key.Name, key.Owner, orNullText(key.Plan), string(key.Status), orNull(key.ExpiresAt),
		key.Scopes, allowed, key.TimeZone, string(metadata), key.Unlimited, key.UpdatedAt,
	}, nil
}

// meaningOf knows the only two constraints that a valid key can violate.
func meaningOf(key *ration.Key) Meaning {
	return Meaning{
		Taken:    fmt.Errorf("%s: %w", key.ID, ration.ErrExists),
		Referred: fmt.Errorf("plan %q: %w", key.Plan, ration.ErrNotFound),
	}
}

package sqlite

import (
	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

const (
	decisionKeyColumns    = "id, name, owner, plan, status, expires_at, scopes, allowed_ips, time_zone, updated_at"
	decisionSecretColumns = "api_key_id, secret_id, expires_at, revoked_at, last_used_at" //nolint:gosec // names of columns
	overrideColumns       = "api_key_id, meter, kind, period, name, quantity, burst, unlimited, expires_at, starts_at, plan"
)

// decisionKey reads decisionKeyColumns, what a decision needs of a key.
func (r *row) decisionKey() ration.Key {
	key := ration.Key{
		ID: ration.KeyID(r.id(0)), Name: r.text(1), Owner: r.text(2), Plan: r.optionalText(3),
		Status: ration.Status(r.text(4)), ExpiresAt: r.time(5), TimeZone: r.text(8), UpdatedAt: r.time(9),
	}
	r.json(6, &key.Scopes)
	r.json(7, &key.AllowedIPs)
	return key
}

// decisionSecret reads decisionSecretColumns, what a decision needs of a secret.
func (r *row) decisionSecret() ration.SecretState {
	return ration.SecretState{ID: ration.SecretID(r.id(1)), ExpiresAt: r.time(2), RevokedAt: r.time(3), LastUsedAt: r.time(4)}
}

// override reads overrideColumns.
func (r *row) override() ration.Override {
	return ledger.ReadOverride(ration.Override{Limit: r.limit(1), Unlimited: r.int(7) != 0, ExpiresAt: r.time(8)}, r.time(9))
}

// limit reads meter, kind, period, name, quantity and burst from a column on.
func (r *row) limit(column int) ration.Limit {
	return ration.Limit{
		Meter: r.text(column), Kind: ration.Kind(r.text(column + 1)), Period: ration.Period(r.text(column + 2)),
		Name: r.text(column + 3), Quantity: r.int(column + 4), Burst: r.int(column + 5),
	}
}

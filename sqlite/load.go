package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// keyState is all that a decision about a key depends on.
type keyState struct {
	key       ration.Key
	overrides []ration.Override
	secrets   []ration.SecretState
	usage     ledger.Usage
}

// recalled is for tests: they hold what is remembered against what is kept.
var recalled = func(context.Context, *tx, []ration.KeyID) error { return nil }

// accounts returns the accounts of those keys that exist. It reads those that it does not
// remember.
func (tx *tx) accounts(ctx context.Context, keys []ration.KeyID) (map[ration.KeyID]*ledger.Account, error) {
	accounts := make(map[ration.KeyID]*ledger.Account, len(keys))
	var others []ration.KeyID
	for _, id := range keys {
		account, err := tx.memory.account(id, tx.now)
		switch {
		case err != nil:
			return nil, err
		case account != nil:
			accounts[id] = account
		default:
			others = append(others, id)
		}
	}
	if err := recalled(ctx, tx, keys); err != nil || others == nil {
		return accounts, err
	}
	return accounts, tx.readAccounts(ctx, others, accounts)
}

func (tx *tx) readAccounts(ctx context.Context, keys []ration.KeyID, accounts map[ration.KeyID]*ledger.Account) error {
	states, err := tx.keyStates(ctx, blobs(keys))
	if err != nil {
		return err
	}
	plans, err := tx.plansOf(ctx, states)
	if err != nil {
		return err
	}
	for id, k := range states {
		parts := &policyParts{k.key, ledger.Plans{Now: plans[k.key.Plan], Next: plans[k.key.NextPlan]}, k.overrides, k.secrets}
		policy, err := parts.policyAt(tx.now)
		if err != nil {
			return err
		}
		accounts[id] = ledger.NewAccount(policy, k.usage)
		tx.memory.add(parts, &policy, k.usage)
	}
	return nil
}

// By the primary key of api_keys.
var decisionKeys = newListQuery("SELECT " + decisionKeyColumns + " FROM api_keys WHERE id IN (?)")

// By the primary key of api_key_secrets.
var decisionSecrets = newListQuery("SELECT " + decisionSecretColumns + " FROM api_key_secrets WHERE api_key_id IN (?)")

// By the primary key of key_usage.
var keyUsage = newListQuery("SELECT " + usageColumns + " FROM key_usage WHERE api_key_id IN (?)")

func (tx *tx) keyStates(ctx context.Context, ids [][]byte) (map[ration.KeyID]*keyState, error) {
	states := make(map[ration.KeyID]*keyState, len(ids))
	err := queryList(ctx, tx.conn, decisionKeys, ids, func(r *row) error {
		key := r.decisionKey()
		states[key.ID] = &keyState{key: key}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading keys: %w", err)
	}
	parts := []struct {
		name  string
		query *listQuery
		add   func(*row, *keyState)
	}{
		{"secrets", decisionSecrets, func(r *row, k *keyState) { k.secrets = append(k.secrets, r.decisionSecret()) }},
		{"usage", keyUsage, func(r *row, k *keyState) { k.usage = append(k.usage, r.meterUsage()) }},
	}
	for _, part := range parts {
		err := queryList(ctx, tx.conn, part.query, ids, func(r *row) error {
			if k, ok := states[ration.KeyID(r.id(0))]; ok {
				part.add(r, k)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("reading %s of keys: %w", part.name, err)
		}
	}
	return states, readOverrides(ctx, tx.conn, ids, func(id ration.KeyID, override ration.Override) {
		if k, ok := states[id]; ok {
			k.overrides = append(k.overrides, override)
		}
	}, func(id ration.KeyID, plan string, at time.Time) {
		if k, ok := states[id]; ok {
			k.key.NextPlan, k.key.NextPlanAt = plan, at
		}
	})
}

// By the primary keys of plans and plan_limits.
var plansWithLimits = newListQuery("SELECT " + planColumns + " FROM plans p LEFT JOIN plan_limits l ON l.plan = p.name WHERE p.name IN (?)")

// plansOf reads the plans of keys, each once.
func (tx *tx) plansOf(ctx context.Context, states map[ration.KeyID]*keyState) (map[string]ration.Plan, error) {
	plans := make(map[string]ration.Plan)
	var names []string
	for _, k := range states {
		for _, name := range [...]string{k.key.Plan, k.key.NextPlan} {
			if _, known := plans[name]; !known && name != "" {
				plans[name] = ration.Plan{}
				names = append(names, name)
			}
		}
	}
	err := queryList(ctx, tx.conn, plansWithLimits, names, func(r *row) error {
		name := r.text(0)
		plans[name] = r.plan(plans[name])
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading plans: %w", err)
	}
	return plans, nil
}

package sqlite

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// holding is all that a decision about a key depends on.
type holding struct {
	key       ration.Key
	overrides []ration.Override
	secrets   []ration.SecretState
	usage     ledger.Usage
}

// accounts reads the accounts of those keys that exist.
func (tx *tx) accounts(ctx context.Context, keys []ration.KeyID) (map[ration.KeyID]*ledger.Account, error) {
	holdings, err := tx.holdings(ctx, blobs(keys))
	if err != nil {
		return nil, err
	}
	plans, err := tx.plansOf(ctx, holdings)
	if err != nil {
		return nil, err
	}
	accounts := make(map[ration.KeyID]*ledger.Account, len(holdings))
	for id, h := range holdings {
		policy, err := ledger.NewPolicy(h.key, plans[h.key.Plan], h.overrides, h.secrets, tx.now)
		if err != nil {
			return nil, fmt.Errorf("reading the policy of %s: %w", id, err)
		}
		accounts[id] = ledger.NewAccount(policy, h.usage)
	}
	return accounts, nil
}

// By the primary key of api_keys.
var decisionKeys = newListQuery("SELECT " + decisionKeyColumns + " FROM api_keys WHERE id IN (?)")

// By the primary key of api_key_secrets.
var decisionSecrets = newListQuery("SELECT " + decisionSecretColumns + " FROM api_key_secrets WHERE api_key_id IN (?)")

// By the primary key of key_usage.
var keyUsage = newListQuery("SELECT " + usageColumns + " FROM key_usage WHERE api_key_id IN (?)")

func (tx *tx) holdings(ctx context.Context, ids [][]byte) (map[ration.KeyID]*holding, error) {
	holdings := make(map[ration.KeyID]*holding, len(ids))
	err := queryList(ctx, tx.conn, decisionKeys, ids, func(r *row) error {
		key := r.decisionKey()
		holdings[key.ID] = &holding{key: key}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading keys: %w", err)
	}
	parts := []struct {
		name  string
		query *listQuery
		add   func(*row, *holding)
	}{
		{"secrets", decisionSecrets, func(r *row, h *holding) { h.secrets = append(h.secrets, r.decisionSecret()) }},
		{"usage", keyUsage, func(r *row, h *holding) { h.usage = append(h.usage, r.meterUsage()) }},
	}
	for _, part := range parts {
		err := queryList(ctx, tx.conn, part.query, ids, func(r *row) error {
			if h, ok := holdings[ration.KeyID(r.id(0))]; ok {
				part.add(r, h)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("reading %s of keys: %w", part.name, err)
		}
	}
	return holdings, readOverrides(ctx, tx.conn, ids, func(id ration.KeyID, override ration.Override) {
		if h, ok := holdings[id]; ok {
			h.overrides = append(h.overrides, override)
		}
	})
}

// By the primary keys of plans and plan_limits.
var plansWithLimits = newListQuery("SELECT " + planColumns + " FROM plans p LEFT JOIN plan_limits l ON l.plan = p.name WHERE p.name IN (?)")

// plansOf reads the plans of keys, each once.
func (tx *tx) plansOf(ctx context.Context, holdings map[ration.KeyID]*holding) (map[string]ration.Plan, error) {
	plans := make(map[string]ration.Plan)
	var names []string
	for _, h := range holdings {
		if _, known := plans[h.key.Plan]; !known && h.key.Plan != "" {
			plans[h.key.Plan] = ration.Plan{}
			names = append(names, h.key.Plan)
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

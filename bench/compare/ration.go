package compare

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// Store is what both stores are.
type Store interface {
	ration.Store
	admin.Store
}

// Ration is an engine with keys to charge.
type Ration struct {
	Engine  *ration.Engine
	store   Store
	keys    []ration.KeyID
	secrets []ration.Secret
}

// NewRation creates so many keys on a plan with a daily quota and starts an engine.
func NewRation(ctx context.Context, store Store, keys int) (*Ration, error) {
	r := &Ration{store: store, Engine: ration.NewEngine(store, ration.EngineConfig{})}
	plan := "bench-" + ration.NewKeyID().String()[4:]
	_, err := store.CreatePlan(ctx, func(change *admin.PlanChange) error {
		change.Plan = ration.Plan{Name: plan, Limits: []ration.Limit{{
			Name: "requests-day", Meter: ration.MeterRequests, Kind: ration.KindQuota, Period: ration.PeriodDay, Quantity: limitPerDay,
		}}}
		change.Audit = admin.AuditEntry{Actor: "bench", Action: "plan.create", Target: "plan:" + plan}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("creating the plan: %w", err)
	}
	for range keys {
		if err := r.createKey(ctx, plan); err != nil {
			return nil, fmt.Errorf("creating a key: %w", err)
		}
	}
	return r, nil
}

// Count is the [Counter]: it sends the key's secret, as a client does.
func (r *Ration) Count(ctx context.Context, key int) (bool, error) {
	decision, err := r.Engine.Charge(ctx, ration.Charge{Secret: r.secrets[key]})
	return decision.Allowed(), err
}

// Counted returns what the database holds.
func (r *Ration) Counted(ctx context.Context) (total int64, keys int, err error) {
	for _, id := range r.keys {
		usage, _, err := r.store.KeyUsage(ctx, id)
		if err != nil {
			return 0, 0, err
		}
		if requests := usage.Meter(ration.MeterRequests); requests != nil && requests.Used > 0 {
			total += requests.Used
			keys++
		}
	}
	return total, keys, nil
}

// Close drains the engine.
func (r *Ration) Close(ctx context.Context) error { return r.Engine.Close(ctx) }

func (r *Ration) createKey(ctx context.Context, plan string) error {
	id, secret := ration.NewKeyID(), ration.NewSecret(ration.DefaultSecretPrefix)
	_, err := r.store.CreateKey(ctx, func(change *admin.KeyChange) error {
		change.Key.Key = ration.Key{ID: id, Name: "bench", Plan: plan, Status: ration.StatusActive}
		change.NewSecrets = []admin.NewSecret{{SecretState: ration.SecretState{ID: ration.NewSecretID(), CreatedAt: change.Now}, Digest: secret.Digest(nil)}}
		change.Audit = admin.AuditEntry{Actor: "bench", Action: "key.create", Target: id.String()}
		return nil
	})
	r.keys, r.secrets = append(r.keys, id), append(r.secrets, secret)
	return err
}

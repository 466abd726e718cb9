package admin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/ration-dev/ration"
)

// UpdateKey changes a key. A patch that changes nothing writes nothing. Errors
// besides those of [Operations]: ErrNotFound for an unknown key or plan.
func (s *Service) UpdateKey(ctx context.Context, actor string, patch KeyPatch) (KeyRecord, error) {
	if err := s.reach.admit(patch.Owner, patch.Plan); err != nil {
		return KeyRecord{}, err
	}
	return s.changeKey(ctx, actor, "key.update", patch.ID, (&keyPatching{KeyPatch: patch}).apply)
}

// changeKey runs a change of a key, with its audit entry, in one transaction.
func (s *Service) changeKey(ctx context.Context, actor, action string, id ration.KeyID, apply func(*KeyChange) error) (KeyRecord, error) {
	return s.changeKeyWithin(ctx, actor, action, id, s.hasKey, apply)
}

// hasKey returns ErrNotFound for a key that is out of reach.
func (s *Service) hasKey(change *KeyChange) error {
	if !s.reach.has(&change.Key.Key) {
		return ration.ErrNotFound
	}
	return nil
}

// changeKeyWithin is changeKey for keys of which within says that they are within reach.
func (s *Service) changeKeyWithin(ctx context.Context, actor, action string, id ration.KeyID, within, apply func(*KeyChange) error) (KeyRecord, error) {
	by, err := authorOf(ctx, actor)
	if err != nil {
		return KeyRecord{}, err
	}
	var now time.Time // zero: the key was not found
	var noLimit *NoLimit
	finish := func(record KeyRecord) KeyRecord {
		record.NoLimit = noLimit
		settleKey(&record, now)
		return record
	}
	record, err := s.store.UpdateKey(Answering(ctx, finish), id, func(change *KeyChange) error {
		settleKey(&change.Key, change.Now)
		if err := within(change); err != nil {
			return err
		}
		now = change.Now
		err := audited(by, action, change, apply)
		if err != nil && !errors.Is(err, ErrUnchanged) {
			return err
		}
		var judging error
		if noLimit, judging = change.noLimit(); judging != nil {
			return judging
		}
		return err
	})
	if errors.Is(err, ration.ErrNotFound) && now.IsZero() {
		return KeyRecord{}, fmt.Errorf("key %s: %w", id, ration.ErrNotFound)
	}
	return finish(record), err
}

// audited runs a change of a key and fills in its audit entry.
func audited(by author, action string, change *KeyChange, apply func(*KeyChange) error) error {
	settleKey(&change.Key, change.Now)
	before := keyFields(change)
	if err := apply(change); err != nil {
		return err
	}
	audit, err := by.audit(action, change.Key.ID.String(), before, keyFields(change))
	change.Audit = audit
	change.Key.UpdatedAt = updatedAt(change.Key.UpdatedAt, change.Now)
	return err
}

// keyPatching is a patch of one key or of many.
type keyPatching struct {
	KeyPatch
	// ofMany says that many keys get the patch: a limit that one of them does not
	// have need not be cleared, and one that has a limit is not meant by Unlimited.
	ofMany bool
}

func (p *keyPatching) apply(change *KeyChange) error {
	key := change.Key.Key
	if err := checkUnchanged(key.UpdatedAt, p.IfUpdatedAt); err != nil {
		return err
	}
	if p.FromNextPeriod {
		return p.schedule(change)
	}
	set(&key.Name, p.Name)
	set(&key.Owner, p.Owner)
	if set(&key.Plan, p.Plan); p.Plan != nil {
		key.NextPlan, key.NextPlanAt = "", time.Time{}
	}
	set(&key.TimeZone, p.TimeZone)
	if p.ExpiresAt != nil {
		if err := validateEnd("expires_at", *p.ExpiresAt, change.Now); err != nil {
			return err
		}
		key.ExpiresAt = toStored(*p.ExpiresAt)
	}
	if p.Scopes != nil {
		key.Scopes = p.Scopes
	}
	if p.AllowedIPs != nil {
		key.AllowedIPs = p.AllowedIPs
	}
	key.Metadata = p.mergeMetadata(key.Metadata)
	key, err := normalizeKey(key)
	if err != nil {
		return err
	}
	change.Key.Key = key
	if err := p.applyOverrides(change); err != nil {
		return err
	}
	set(&change.Key.Unlimited, p.Unlimited)
	_, err = change.settle(p.Unlimited != nil && *p.Unlimited && !p.ofMany)
	return err
}

func (p *keyPatching) applyOverrides(change *KeyChange) error {
	overrides := change.Key.Overrides
	for _, clearing := range p.clearings() {
		var err error
		if overrides, err = clearing.from(overrides, p.ofMany); err != nil {
			return err
		}
	}
	overrides, err := setOverrides(overrides, p.SetOverrides, change.Units, change.Now)
	change.Key.Overrides = overrides
	return err
}

func (p *keyPatching) mergeMetadata(metadata map[string]string) map[string]string {
	merged := make(map[string]string, len(metadata)+len(p.Metadata))
	maps.Copy(merged, metadata)
	for name, value := range p.Metadata {
		if value == nil {
			delete(merged, name)
		} else {
			merged[name] = *value
		}
	}
	return merged
}

func set[T any](target, value *T) {
	if value != nil {
		*target = *value
	}
}

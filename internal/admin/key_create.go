package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/ration-dev/ration"
)

// CreateKey creates an active key with one secret, or a link to pick one up. Errors besides those of
// [Operations]: ErrNotFound for an unknown plan.
func (s *Service) CreateKey(ctx context.Context, actor string, key NewKey) (IssuedSecret, error) {
	by, err := authorOf(ctx, actor)
	if err != nil {
		return IssuedSecret{}, err
	}
	if err := s.reach.admit(&key.Owner, &key.Plan); err != nil {
		return IssuedSecret{}, err
	}
	label := cmp.Or(key.Label, DefaultSecretLabel)
	if err := validateLabel(label); err != nil {
		return IssuedSecret{}, err
	}
	first := s.newFirst(&key, label)
	var noLimit *NoLimit
	issue := func(record KeyRecord) IssuedSecret {
		record.NoLimit = noLimit
		return first.issued(record)
	}
	record, err := s.store.CreateKey(Answering(ctx, issue), func(change *KeyChange) error {
		record, err := recordOf(&key, change)
		if err != nil {
			return err
		}
		change.Key = record
		if noLimit, err = change.settle(key.Unlimited); err != nil {
			return err
		}
		if err := first.add(change, actor); err != nil {
			return err
		}
		change.Audit, err = by.audit("key.create", record.ID.String(), nil, keyFields(change))
		return err
	})
	if errors.Is(err, ration.ErrNotFound) {
		return IssuedSecret{}, fmt.Errorf("plan %q: %w", key.Plan, ration.ErrNotFound)
	}
	return issue(record), err
}

// record checks the key and returns what is stored of it.
func recordOf(k *NewKey, change *KeyChange) (KeyRecord, error) {
	now := change.Now
	overrides, err := setOverrides(nil, k.Overrides, change.Units, now)
	if err != nil {
		return KeyRecord{}, err
	}
	if err := validateEnd("expires_at", k.ExpiresAt, now); err != nil {
		return KeyRecord{}, err
	}
	key, err := normalizeKey(ration.Key{
		ID: ration.NewKeyID(), Name: k.Name, Owner: k.Owner, Plan: k.Plan, Status: ration.StatusActive,
		ExpiresAt: toStored(k.ExpiresAt), Scopes: k.Scopes, AllowedIPs: k.AllowedIPs, TimeZone: k.TimeZone,
		Metadata: maps.Clone(k.Metadata), Unlimited: k.Unlimited, CreatedAt: now, UpdatedAt: now,
	})
	return KeyRecord{Key: key, Overrides: overrides}, err
}

// normalizeKey checks what a key holds, except for times, which are checked
// only where they are set.
func normalizeKey(key ration.Key) (ration.Key, error) {
	if err := validateText("name", key.Name, 1, MaxTextLength); err != nil {
		return ration.Key{}, err
	}
	if err := validateText("owner", key.Owner, 0, MaxTextLength); err != nil {
		return ration.Key{}, err
	}
	if err := validatePlanName(key.Plan); key.Plan != "" && err != nil {
		return ration.Key{}, err
	}
	if _, err := ration.LoadZone(key.TimeZone); err != nil {
		return ration.Key{}, err
	}
	if err := validateMetadata(key.Metadata); err != nil {
		return ration.Key{}, err
	}
	var err error
	if key.Scopes, err = normalizeScopes(key.Scopes); err != nil {
		return ration.Key{}, err
	}
	key.AllowedIPs, err = normalizeAllowedIPs(key.AllowedIPs)
	return key, err
}

func (s *Service) newSecret(id ration.SecretID, label string, secret ration.Secret, now time.Time) NewSecret {
	start, end := secret.Ends()
	state := ration.SecretState{ID: id, Label: label, Start: start, End: end, CreatedAt: now}
	return NewSecret{SecretState: state, Digest: secret.Digest(s.config.Pepper)}
}

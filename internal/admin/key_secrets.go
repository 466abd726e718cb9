package admin

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// AddSecret gives a key a further secret. All secrets of a key share its limits and
// its usage. Errors: ErrExists if a secret in use has the label; ErrConflict for a
// key that is revoked or rejected, or has as many secrets as a key can have.
func (s *Service) AddSecret(ctx context.Context, actor string, input NewKeySecret) (IssuedSecret, error) {
	if err := validateLabel(input.Label); err != nil {
		return IssuedSecret{}, err
	}
	secret := ration.NewSecret(s.config.SecretPrefix)
	secretID := ration.NewSecretID()
	issue := func(record KeyRecord) IssuedSecret {
		return IssuedSecret{Key: record, SecretID: secretID, Secret: secret}
	}
	record, err := s.changeKey(Answering(ctx, issue), actor, "key.add_secret", input.ID, func(change *KeyChange) error {
		if err := validateEnd("expires_at", input.ExpiresAt, change.Now); err != nil {
			return err
		}
		if slices.Contains(labelsInUse(change.Key.Secrets, change.Now), input.Label) {
			return fmt.Errorf("secret labelled %q of key %s: %w; rotate it, or use another label", input.Label, input.ID, ration.ErrExists)
		}
		added := s.newSecret(secretID, input.Label, secret, change.Now)
		added.ExpiresAt = toStored(input.ExpiresAt)
		change.NewSecrets = []NewSecret{added}
		return takesSecret(&change.Key, change.Now)
	})
	return issue(record), err
}

// RevokeSecret ends one secret of a key for ever. Revoking it again changes
// nothing. Error: ErrNotFound for a secret that the key does not have.
func (s *Service) RevokeSecret(ctx context.Context, actor string, input KeySecret) (KeyRecord, error) {
	return s.changeKey(ctx, actor, "key.revoke_secret", input.ID, func(change *KeyChange) error {
		secrets := slices.Clone(change.Key.Secrets)
		i := slices.IndexFunc(secrets, func(state ration.SecretState) bool { return state.ID == input.SecretID })
		if i < 0 {
			return fmt.Errorf("secret %s of key %s: %w", input.SecretID, input.ID, ration.ErrNotFound)
		}
		if secrets[i].RevokedAt.IsZero() {
			secrets[i].RevokedAt = change.Now
		}
		change.Key.Secrets = secrets
		return nil
	})
}

// takesSecret returns an error if a key can't have a further secret.
func takesSecret(key *KeyRecord, now time.Time) error {
	if err := notEnded(key); err != nil {
		return err
	}
	inUse := 0
	for _, secret := range key.Secrets {
		if secretHolds(secret, now) {
			inUse++
		}
	}
	if inUse >= maxSecretsInUse {
		return fmt.Errorf("%w: key %s has %d secrets in use, which is the most allowed; revoke some, or rotate with a shorter overlap", ration.ErrConflict, key.ID, maxSecretsInUse)
	}
	return nil
}

// notEnded refuses a key whose end is final, and one that nobody has approved.
func notEnded(key *KeyRecord) error {
	switch key.Status {
	case ration.StatusPending, ration.StatusRevoked, ration.StatusRejected:
		return fmt.Errorf("%w: key %s is %s%s", ration.ErrConflict, key.ID, key.Status, finality(key.Status))
	}
	return nil
}

// labelsInUse returns the labels of the valid secrets, each once.
func labelsInUse(secrets []ration.SecretState, now time.Time) []string {
	var labels []string
	for _, secret := range secrets {
		if secretHolds(secret, now) && !slices.Contains(labels, secret.Label) {
			labels = append(labels, secret.Label)
		}
	}
	return labels
}

// secretHolds reports whether a secret is valid: it has neither ended nor been
// revoked.
func secretHolds(secret ration.SecretState, now time.Time) bool {
	return secret.RevokedAt.IsZero() && !secret.ExpiredAt(now)
}

package admin

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ration-dev/ration"
)

const (
	// maxOverlap is the longest time for which two secrets with one label are valid
	// at once.
	maxOverlap = 366 * 24 * time.Hour
	// maxSecretsInUse bounds the secrets of a key that hold: decisions read them.
	maxSecretsInUse = 50
)

// RotateKey makes a new secret. It ends the secrets with the same label that are
// still valid: after the overlap or, if that is sooner, when they would have ended
// anyway. Secrets with other labels stay as they are. A key without a valid secret
// gets one with any label. Error: ErrConflict for a key that is revoked or rejected.
func (s *Service) RotateKey(ctx context.Context, actor string, rotation Rotation) (IssuedSecret, error) {
	return s.rotate(ctx, actor, rotation, func(change *KeyChange) (string, error) {
		return labelToRotate(change.Key.Secrets, rotation.Label, change.Now)
	})
}

// rotate is RotateKey for the label that labelOf returns.
func (s *Service) rotate(ctx context.Context, actor string, rotation Rotation, labelOf func(*KeyChange) (string, error)) (IssuedSecret, error) {
	if rotation.Overlap < 0 || rotation.Overlap > maxOverlap {
		return IssuedSecret{}, &ration.InvalidError{Field: "overlap", Value: rotation.Overlap.String(), Reason: "use 0 to 8784h (366 days)"}
	}
	secret := ration.NewSecret(s.config.SecretPrefix)
	secretID := ration.NewSecretID()
	issue := func(record KeyRecord) IssuedSecret {
		return IssuedSecret{Key: record, SecretID: secretID, Secret: secret}
	}
	record, err := s.changeKey(Answering(ctx, issue), actor, "key.rotate", rotation.ID, func(change *KeyChange) error {
		if err := notEnded(&change.Key); err != nil {
			return err
		}
		label, err := labelOf(change)
		if err != nil {
			return err
		}
		change.Key.Secrets = endSecrets(change.Key.Secrets, label, rotation.Overlap, change.Now)
		change.NewSecrets = []NewSecret{s.newSecret(secretID, label, secret, change.Now)}
		return takesSecret(&change.Key, change.Now)
	})
	return issue(record), err
}

// labelToRotate returns the label to rotate. It refuses a label that no secret in use
// has: after a spelling mistake, a leaked secret would stay valid.
func labelToRotate(secrets []ration.SecretState, label string, now time.Time) (string, error) {
	labels := labelsInUse(secrets, now)
	switch {
	case len(labels) == 0 && label == "":
		return DefaultSecretLabel, nil
	case len(labels) == 0:
		return label, validateLabel(label)
	case len(labels) == 1 && label == "":
		return labels[0], nil
	case slices.Contains(labels, label):
		return label, nil
	}
	return "", &ration.InvalidError{Field: "label", Value: label, Reason: "name one of the key's labels in use: " + strings.Join(labels, ", ")}
}

func endSecrets(secrets []ration.SecretState, label string, overlap time.Duration, now time.Time) []ration.SecretState {
	secrets = slices.Clone(secrets)
	end := toStored(now.Add(overlap))
	for i := range secrets {
		secret := &secrets[i]
		switch {
		case secret.Label != label || !secretHolds(*secret, now):
		case overlap == 0:
			secret.RevokedAt = now
		case secret.ExpiresAt.IsZero() || secret.ExpiresAt.After(end):
			secret.ExpiresAt = end
		}
	}
	return secrets
}

package admin

import (
	"context"
	"fmt"
	"slices"

	"github.com/ration-dev/ration"
)

// DisableKey bars an active key until it is enabled again. Disabling a disabled
// key changes nothing. Error: ErrConflict for a key that is neither.
func (s *Service) DisableKey(ctx context.Context, actor string, id ration.KeyID) (KeyRecord, error) {
	return s.changeStatus(ctx, actor, "key.disable", id, ration.StatusDisabled, ration.StatusActive)
}

// EnableKey lifts a bar. Enabling an active key changes nothing. Error:
// ErrConflict for a key that is neither active nor disabled.
func (s *Service) EnableKey(ctx context.Context, actor string, id ration.KeyID) (KeyRecord, error) {
	return s.changeStatus(ctx, actor, "key.enable", id, ration.StatusActive, ration.StatusDisabled)
}

// RevokeKey ends a key for ever. Revoking it again changes nothing. Error:
// ErrConflict for a key that was rejected.
func (s *Service) RevokeKey(ctx context.Context, actor string, id ration.KeyID) (KeyRecord, error) {
	return s.changeStatus(ctx, actor, "key.revoke", id, ration.StatusRevoked, ration.StatusActive, ration.StatusDisabled, ration.StatusPending)
}

func (s *Service) changeStatus(ctx context.Context, actor, action string, id ration.KeyID, to ration.Status, from ...ration.Status) (KeyRecord, error) {
	return s.changeKey(ctx, actor, action, id, func(change *KeyChange) error {
		status := change.Key.Status
		if status != to && !slices.Contains(from, status) {
			return fmt.Errorf("%w: key %s is %s%s", ration.ErrConflict, id, status, finality(status))
		}
		change.Key.Status = to
		return nil
	})
}

// finality says why a status does not change.
func finality(status ration.Status) string {
	switch status {
	case ration.StatusRevoked:
		return ", which is final; create a new key instead"
	case ration.StatusRejected:
		return ", which is final"
	case ration.StatusPending:
		return "; approve or reject it first"
	}
	return ""
}

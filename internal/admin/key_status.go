package admin

import (
	"context"
	"fmt"
	"slices"

	"github.com/ration-dev/ration"
)

// statusChanges are the actions that change a key's status.
var statusChanges = map[KeyAction]statusChange{
	ActionDisable: {ration.StatusDisabled, []ration.Status{ration.StatusActive}},
	ActionEnable:  {ration.StatusActive, []ration.Status{ration.StatusDisabled}},
	ActionRevoke:  {ration.StatusRevoked, []ration.Status{ration.StatusActive, ration.StatusDisabled, ration.StatusPending}},
}

// statusChange is a change from one of several statuses. For a key that already has
// the new status, it changes nothing.
type statusChange struct {
	to   ration.Status
	from []ration.Status
}

// DisableKey refuses an active key's charges until it is enabled again. Disabling a
// disabled key changes nothing. Error: ErrConflict for a key with another status.
func (s *Service) DisableKey(ctx context.Context, actor string, id ration.KeyID) (KeyRecord, error) {
	return s.changeKey(ctx, actor, "key.disable", id, statusChanges[ActionDisable].apply)
}

// EnableKey undoes DisableKey. Enabling an active key changes nothing. Error:
// ErrConflict for a key that is neither active nor disabled.
func (s *Service) EnableKey(ctx context.Context, actor string, id ration.KeyID) (KeyRecord, error) {
	return s.changeKey(ctx, actor, "key.enable", id, statusChanges[ActionEnable].apply)
}

// RevokeKey ends a key for ever. Revoking it again changes nothing. Error:
// ErrConflict for a key that was rejected.
func (s *Service) RevokeKey(ctx context.Context, actor string, id ration.KeyID) (KeyRecord, error) {
	return s.changeKey(ctx, actor, "key.revoke", id, statusChanges[ActionRevoke].apply)
}

func (c statusChange) apply(change *KeyChange) error {
	status := change.Key.Status
	if status != c.to && !slices.Contains(c.from, status) {
		return fmt.Errorf("%w: key %s is %s%s", ration.ErrConflict, change.Key.ID, status, finality(status))
	}
	change.Key.Status = c.to
	return nil
}

// finality returns an error if a status can't change any more.
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

package admin

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/ration-dev/ration"
)

// KeysChange is one change of all the keys that match a filter.
type KeysChange struct {
	Filter KeyFilter // at least one field, unless All; Limit is the most keys of a chunk, 0: MaxKeysAtOnce
	All    bool      // every key
	Action KeyAction
	Patch  KeyPatch // for ActionUpdate; without ID and Name, which are each key's own
	DryRun bool     // find out what would be changed
}

// KeyAction is what to do with keys.
type KeyAction string

// What can be done with many keys.
const (
	ActionUpdate  KeyAction = "update"
	ActionDisable KeyAction = "disable"
	ActionEnable  KeyAction = "enable"
	ActionRevoke  KeyAction = "revoke"
)

// KeysChanged is what became of the keys of one chunk, or of all.
type KeysChanged struct {
	Changed   int
	Unchanged int                   // were so already
	Skipped   map[ration.Status]int // whose status doesn't allow the change, by that status
	NoLimit   int                   // of those changed and unchanged: have no limit now or will have none, and nobody said that this is meant
	Next      ration.KeyID          // the filter's After for the next chunk; zero: there is none
}

// ChangeKeys changes the next chunk of keys that match, in one transaction: in
// the order of their ids, each with an audit entry of its own as if it were
// changed alone. What is so already is not written, so that a change that was
// cut short can be made again. Keys to which the action can't be done, such as
// enabling a revoked one, are skipped and counted; to clear a limit that a key
// does not have changes nothing. A dry run reads without locks and writes nothing.
//
// Errors besides those of [Operations]: ErrNotFound for an unknown plan.
func (s *Service) ChangeKeys(ctx context.Context, actor string, change KeysChange) (KeysChanged, error) {
	if err := errors.Join(validateActor(actor), change.validate()); err != nil {
		return KeysChanged{}, err
	}
	if change.Filter.Limit == 0 {
		change.Filter.Limit = MaxKeysAtOnce
	}
	found, next, err := s.findKeys(ctx, change.Filter)
	if err != nil {
		return KeysChanged{}, err
	}
	chunk := newKeyChunk(actor, change, found, next)
	switch {
	case change.DryRun:
		err = s.tryChunk(ctx, chunk, found)
	case len(found) > 0:
		_, err = s.store.UpdateKeys(ctx, chunk.ids, chunk.update)
	}
	if err != nil {
		return KeysChanged{}, err
	}
	return chunk.result(), nil
}

// tryChunk finds out what a chunk would do to keys as they were read.
func (s *Service) tryChunk(ctx context.Context, chunk *keyChunk, keys []KeyRecord) error {
	if plan := chunk.change.Patch.Plan; plan != nil && *plan != "" {
		if _, err := s.store.Plan(ctx, *plan); err != nil {
			return named(fmt.Sprintf("plan %q", *plan), err)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	_, now, err := s.store.KeyUsage(ctx, keys[0].ID) // for the time
	if err != nil {
		return err
	}
	plans := s.planReader(ctx)
	for _, key := range keys {
		if err := chunk.update(&KeyChange{Now: now, Key: key, Plans: plans}); err != nil && !errors.Is(err, ErrUnchanged) {
			return err
		}
	}
	return nil
}

// ChangeAllKeys makes a change of all keys that match, chunk by chunk, so that
// charges go on in between. Decisions that start after it returned see the
// change. Keys that come to match behind its back may be left out. With an error
// it also returns what was done before; making the same change again goes on
// with the rest.
func ChangeAllKeys(ctx context.Context, operations BulkOperations, actor string, change KeysChange) (KeysChanged, error) {
	total := KeysChanged{Skipped: make(map[ration.Status]int)}
	for {
		chunk, err := operations.ChangeKeys(ctx, actor, change)
		switch {
		case err != nil && total.Changed > 0 && !change.DryRun:
			return total, fmt.Errorf("%d keys were changed before this; run the same change again to go on: %w", total.Changed, err)
		case err != nil:
			return total, err
		}
		total.Changed += chunk.Changed
		total.Unchanged += chunk.Unchanged
		total.NoLimit += chunk.NoLimit
		for status, count := range chunk.Skipped {
			total.Skipped[status] += count
		}
		if chunk.Next.IsZero() {
			return total, nil
		}
		change.Filter.After = chunk.Next
	}
}

func (c *KeysChange) validate() error {
	_, ofStatus := statusChanges[c.Action]
	switch {
	case c.Filter.selects() == c.All:
		return &ration.InvalidError{Field: "filter", Reason: "name an owner, a plan, a status, a name or keys without a limit, or say that all keys are meant, but not both"}
	case c.Filter.Limit > MaxKeysAtOnce:
		return CheckKeysAtOnce(c.Filter.Limit)
	case !ofStatus && c.Action != ActionUpdate:
		return &ration.InvalidError{Field: "action", Value: string(c.Action), Reason: "use update, disable, enable or revoke"}
	case ofStatus && !reflect.ValueOf(c.Patch).IsZero():
		return &ration.InvalidError{Field: "patch", Reason: "only the action update takes a patch"}
	case !c.Patch.ID.IsZero():
		return &ration.InvalidError{Field: "id", Value: c.Patch.ID.String(), Reason: "to change many keys, use a filter in place of an id"}
	case c.Patch.Name != nil:
		return &ration.InvalidError{Field: "name", Value: *c.Patch.Name, Reason: "only one key can get this name: change it by the key's id"}
	}
	return c.Filter.validate()
}

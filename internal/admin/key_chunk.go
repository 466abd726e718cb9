package admin

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/ration-dev/ration"
)

// LockOrder returns the keys of one transaction, each once, in the order in which
// every writer locks keys. Error: [ration.InvalidError] if they are more than
// MaxKeysAtOnce.
func LockOrder(ids []ration.KeyID) ([]ration.KeyID, error) {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, func(a, b ration.KeyID) int { return bytes.Compare(a[:], b[:]) })
	ids = slices.Compact(ids)
	return ids, CheckKeysAtOnce(len(ids))
}

// CheckKeysAtOnce returns a [ration.InvalidError] if the keys of one transaction are
// more than MaxKeysAtOnce.
func CheckKeysAtOnce(n int) error {
	if n <= MaxKeysAtOnce {
		return nil
	}
	return &ration.InvalidError{Field: "keys", Value: fmt.Sprintf("%d keys", n), Reason: fmt.Sprintf("change at most %d at once", MaxKeysAtOnce)}
}

// keyChunk has the keys of one transaction of a change, and the outcome for each.
type keyChunk struct {
	by       author
	change   KeysChange
	apply    func(*KeyChange) error
	ids      []ration.KeyID
	next     ration.KeyID // see KeysChanged
	outcomes map[ration.KeyID]keyOutcome
}

// keyOutcome is what became of a key; none of these if it was changed meanwhile
// so that it no longer matches.
type keyOutcome struct {
	changed, unchanged bool
	noLimit            bool
	skipped            ration.Status // the status that doesn't allow the change
}

func newKeyChunk(by author, change KeysChange, found []KeyRecord, next ration.KeyID) *keyChunk {
	c := &keyChunk{by: by, change: change, next: next, outcomes: make(map[ration.KeyID]keyOutcome, len(found))}
	c.apply = c.patch
	if status, ok := statusChanges[change.Action]; ok {
		c.apply = status.apply
	}
	for _, key := range found {
		c.ids = append(c.ids, key.ID)
	}
	return c
}

// update changes one key and notes what became of it. A store may call it again
// for all keys; the last time counts.
func (c *keyChunk) update(change *KeyChange) error {
	settleKey(&change.Key, change.Now)
	id, status := change.Key.ID, change.Key.Status
	switch matches, err := c.matches(change); {
	case err != nil:
		return err
	case !matches:
		c.outcomes[id] = keyOutcome{}
		return ErrUnchanged
	}
	err := audited(c.by, "key."+string(c.change.Action), change, c.apply)
	switch {
	case err == nil, errors.Is(err, ErrUnchanged):
		noLimit, judging := change.noLimit()
		if judging != nil {
			return judging
		}
		c.outcomes[id] = keyOutcome{changed: err == nil, unchanged: err != nil, noLimit: noLimit.Unmarked()}
		return err
	case errors.Is(err, ration.ErrConflict):
		c.outcomes[id] = keyOutcome{skipped: status}
		return ErrUnchanged
	}
	return fmt.Errorf("key %s: %w", id, err)
}

// matches reports whether a key is still what the filter selects.
func (c *keyChunk) matches(change *KeyChange) (bool, error) {
	filter := &c.change.Filter
	if filter.Unlimited == "" || !Matches(filter, &change.Key.Key) {
		return Matches(filter, &change.Key.Key), nil
	}
	noLimit, err := change.noLimit()
	return selects(filter.Unlimited, noLimit), err
}

// patch makes an update.
func (c *keyChunk) patch(change *KeyChange) error {
	patch := keyPatching{KeyPatch: c.change.Patch, ofMany: true}
	return patch.apply(change)
}

func (c *keyChunk) result() KeysChanged {
	result := KeysChanged{Skipped: make(map[ration.Status]int), Next: c.next}
	for _, outcome := range c.outcomes {
		switch {
		case outcome.changed:
			result.Changed++
		case outcome.unchanged:
			result.Unchanged++
		case outcome.skipped != "":
			result.Skipped[outcome.skipped]++
		}
		if outcome.noLimit {
			result.NoLimit++
		}
	}
	return result
}

package rationadmin

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration"
)

// KeysChange is one change to all the keys that match a filter.
type KeysChange struct {
	Filter KeyFilter // at least one field must be set, unless All is; Limit is the most keys of a chunk, 0: MaxKeysAtOnce
	All    bool      // change every key
	Action KeyAction
	Patch  KeyPatch // for ActionUpdate; without ID and Name, which differ from key to key
	DryRun bool     // only find out what would be changed
}

// KeyAction is what a KeysChange does with its keys.
type KeyAction string

// The actions on many keys.
const (
	ActionUpdate  KeyAction = "update"
	ActionDisable KeyAction = "disable"
	ActionEnable  KeyAction = "enable"
	ActionRevoke  KeyAction = "revoke"
)

// KeysChanged is the outcome of a KeysChange, for one chunk of keys or for all.
type KeysChanged struct {
	Changed   int
	Unchanged int                   // keys that already were as they should be
	Skipped   map[ration.Status]int // how many keys were skipped because of their status, by status
	NoLimit   int                   // changed and unchanged keys that have no limit now, or will have none, without a mark that this is intended
	Next      ration.KeyID          // the ID of the filter's After for the next chunk; zero: there is no next chunk
}

// KeysChanger changes a chunk of keys, as [Operations] does.
type KeysChanger interface {
	ChangeKeys(ctx context.Context, actor string, change KeysChange) (KeysChanged, error)
}

// ChangeAllKeys makes a change to all keys that match, chunk by chunk, so that
// charges go on in between. Decisions that start after it has returned see the
// change. A key that begins to match while it runs may be left out. With an error it
// also returns what was done before. To go on with the rest, make the same change
// again.
func ChangeAllKeys(ctx context.Context, operations KeysChanger, actor string, change KeysChange) (KeysChanged, error) {
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
		change.Filter.After = KeyPosition{ID: chunk.Next}
	}
}

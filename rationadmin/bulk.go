package rationadmin

import (
	"context"
	"fmt"

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
	Skipped   map[ration.Status]int // keys that were skipped because of their status, by status
	NoLimit   int                   // of those changed and unchanged: have no limit now or will have none, and nobody said that this is meant
	Next      ration.KeyID          // the filter's After for the next chunk; zero: there is none
}

// KeysChanger changes a chunk of keys: [Operations] does.
type KeysChanger interface {
	ChangeKeys(ctx context.Context, actor string, change KeysChange) (KeysChanged, error)
}

// ChangeAllKeys makes a change of all keys that match, chunk by chunk, so that
// charges go on in between. Decisions that start after it returned see the
// change. Keys that come to match behind its back may be left out. With an error
// it also returns what was done before; making the same change again goes on
// with the rest.
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
		change.Filter.After = chunk.Next
	}
}

package admin

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/ration-dev/ration"
)

// MaxKeysAtOnce is the most keys that one transaction changes. Charges of these
// keys wait for it; those of others do on SQLite.
const MaxKeysAtOnce = 500

// LockOrder returns the keys of one transaction in the order in which every
// writer locks keys, each once. Error: [ration.InvalidError] if they are more
// than MaxKeysAtOnce.
func LockOrder(ids []ration.KeyID) ([]ration.KeyID, error) {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, func(a, b ration.KeyID) int { return bytes.Compare(a[:], b[:]) })
	ids = slices.Compact(ids)
	if len(ids) > MaxKeysAtOnce {
		return nil, &ration.InvalidError{Field: "keys", Value: fmt.Sprintf("%d keys", len(ids)), Reason: fmt.Sprintf("change at most %d at once", MaxKeysAtOnce)}
	}
	return ids, nil
}

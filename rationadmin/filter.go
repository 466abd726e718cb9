package rationadmin

import (
	"strconv"
	"strings"
	"time"

	"github.com/ration-dev/ration"
)

// KeyFilter selects keys. A zero field does not restrict the selection.
type KeyFilter struct {
	Owner  string
	Plan   string
	Status ration.Status
	Name   string // the whole name

	// Owners and Plans select keys with one of them, besides what Owner and Plan say.
	// Nil: any or none; empty, but not nil: no key at all.
	Owners, Plans []string

	// SecretStart is how one of a key's secrets begins, as [ration.SecretState] keeps it
	// in Start; revoked and expired secrets count too. A change can't select by it.
	SecretStart string

	// Search is what a person types to find keys: beginnings of words of the name or the
	// owner, all of which a key has, whatever their case and accents. Or it is an id, or
	// how one of the secrets begins. Only the first 20 words of each text count. A change
	// can't select by it.
	Search string

	Unlimited  Unlimited   // by whether they have a limit
	Sort       KeySort     // the order of the list
	Descending bool        // the other way round
	After      KeyPosition // only keys that come later in the order: pass Next of the page before
	Limit      int         // most keys returned; 0: 1,000
	WithToday  bool        // ListKeys sets Today of the keys that it returns
}

// KeySort is an order of keys. The zero KeySort is the order of their ids, which is that of
// their creation.
type KeySort string

// The other orders of keys. Texts are compared by their bytes, and keys with the same text
// are in the order of their ids.
const (
	SortByName  KeySort = "name"
	SortByOwner KeySort = "owner"
)

// KeyPosition is where a key is in an order. The zero KeyPosition is before all keys, in
// any order.
type KeyPosition struct {
	ID   ration.KeyID `json:"id,omitzero"`
	Text string       `json:"text,omitempty"` // the name or the owner by which keys are sorted

	// Hidden is there in place of the others if the key is not for whoever asks: it says
	// the same to the database alone.
	Hidden string `json:"hidden,omitempty"`
}

// IsZero reports whether the position is before all keys.
func (p *KeyPosition) IsZero() bool { return p.ID.IsZero() && p.Hidden == "" }

// Position returns where a key is in the order of the filter.
func (f *KeyFilter) Position(key *ration.Key) KeyPosition {
	switch f.Sort {
	case SortByName:
		return KeyPosition{ID: key.ID, Text: key.Name}
	case SortByOwner:
		return KeyPosition{ID: key.ID, Text: key.Owner}
	}
	return KeyPosition{ID: key.ID}
}

// KeysPage is a part of a list of keys. What is looked at for one page is bounded, so it
// may have fewer keys than were asked for, even none, and not be the last.
type KeysPage struct {
	Keys []KeyRecord
	Next KeyPosition // the filter's After for the next page; zero: this was the last
}

// Unlimited selects keys by whether they have a limit. The zero Unlimited selects all
// keys. The other values never select a key that can't be used any more.
type Unlimited string

// The ways to select keys that have no limit now, or will have none when a temporary
// limit ends.
const (
	UnlimitedAny      Unlimited = "any"
	UnlimitedMarked   Unlimited = "marked"   // the key or its plan has a mark that the missing limit is intended
	UnlimitedUnmarked Unlimited = "unmarked" // neither the key nor its plan has such a mark
)

// NoLimit is the first time span, from now on, in which a key has no limit at all:
// neither a quota nor a rate, on any meter.
type NoLimit struct {
	From   time.Time // zero: now
	Until  time.Time // zero: for good
	Marked bool      // the key or its plan has a mark that this is intended
}

// Unmarked reports whether a key has no limit at some time, without a mark that this
// is intended. A nil NoLimit means that the key always has a limit.
func (n *NoLimit) Unmarked() bool { return n != nil && !n.Marked }

// UnlimitedKeys says how many keys have no limit, and which are the first of them.
type UnlimitedKeys struct {
	Count int
	First []ration.KeyID // at most 5, in the order of their ids
}

// String returns a clause for a sentence: "2 keys have no limit, …: key_…, key_…".
func (k UnlimitedKeys) String() string {
	names := make([]string, len(k.First))
	for i, id := range k.First {
		names[i] = id.String()
	}
	if k.Count > len(names) {
		names = append(names, "…")
	}
	have := " keys have"
	if k.Count == 1 {
		have = " key has"
	}
	return strconv.Itoa(k.Count) + have + " no limit, now or when a temporary one ends: " + strings.Join(names, ", ")
}

package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ration-dev/ration"
)

// ErrOutOfReach means that an operation concerns more than the keys that it may reach.
// Its text says nothing about what is out of reach.
var ErrOutOfReach = errors.New("the service token is narrowed")

// Reach bounds operations to keys with one of some owners and one of some plans. A
// list that is empty bounds nothing, so the zero Reach is all keys.
type Reach struct{ Owners, Plans []string }

// IsAll reports whether all keys are within reach.
func (r Reach) IsAll() bool { return len(r.Owners)+len(r.Plans) == 0 }

// Within returns the same operations on the keys within a reach. To them, no other key
// exists: it is not found, not listed and not counted. No key is created or moved out
// of reach; the error is ErrOutOfReach. Whether a key is within reach is read in the
// transaction that changes it, and for an import of usage before.
//
// Operations that are not about keys are not bounded: those on plans and tokens, and
// the care of the database. Package grant refuses them.
func (s *Service) Within(reach Reach) *Service {
	return &Service{store: s.store, config: s.config, reach: reach, partRows: s.partRows, summaries: s.summaries, previews: s.previews}
}

// has reports whether a key is within reach.
func (r Reach) has(key *ration.Key) bool {
	return (len(r.Owners) == 0 || slices.Contains(r.Owners, key.Owner)) && (len(r.Plans) == 0 || slices.Contains(r.Plans, key.Plan))
}

// admit returns ErrOutOfReach if a key would leave the reach by getting an owner or a
// plan; nil: it keeps its own. It looks at no plan, so the answer is the same for one
// that is out of reach and for one that doesn't exist.
func (r Reach) admit(owner, plan *string) error {
	if owner != nil && len(r.Owners) > 0 && !slices.Contains(r.Owners, *owner) {
		return fmt.Errorf("%w: give the key one of these owners: %s", ErrOutOfReach, strings.Join(r.Owners, ", "))
	}
	if plan != nil && len(r.Plans) > 0 && !slices.Contains(r.Plans, *plan) {
		return fmt.Errorf("%w: give the key one of these plans: %s", ErrOutOfReach, strings.Join(r.Plans, ", "))
	}
	return nil
}

// narrow bounds the lists of a filter.
func (r Reach) narrow(owners, plans *[]string) {
	*owners, *plans = common(*owners, r.Owners), common(*plans, r.Plans)
}

// common returns what is in a filter's list, where nil is everything, and in a
// reach's, where an empty one is.
func common(filter, reach []string) []string {
	switch {
	case len(reach) == 0:
		return filter
	case filter == nil:
		return reach
	}
	both := []string{} // not nil: it may select nothing
	for _, text := range filter {
		if slices.Contains(reach, text) {
			both = append(both, text)
		}
	}
	return both
}

// key returns a key within reach. Error: ErrNotFound.
func (s *Service) key(ctx context.Context, id ration.KeyID) (KeyRecord, error) {
	record, err := s.store.Key(ctx, id)
	if err == nil && !s.reach.has(&record.Key) {
		record, err = KeyRecord{}, ration.ErrNotFound
	}
	return record, named("key "+id.String(), err)
}

// hidden returns which of some keys are out of reach or don't exist.
func (s *Service) hidden(ctx context.Context, ids []ration.KeyID) (map[ration.KeyID]bool, error) {
	hidden := make(map[ration.KeyID]bool)
	if s.reach.IsAll() {
		return hidden, nil
	}
	seen := make(map[ration.KeyID]bool, len(ids))
	for _, id := range ids {
		if seen[id] || id.IsZero() {
			continue
		}
		seen[id] = true
		switch _, err := s.key(ctx, id); {
		case errors.Is(err, ration.ErrNotFound):
			hidden[id] = true
		case err != nil:
			return nil, err
		}
	}
	return hidden, nil
}

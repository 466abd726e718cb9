package admin

import (
	"cmp"
	"context"
	"iter"

	"github.com/ration-dev/ration"
)

const (
	// defaultKeyLimit is how many keys are listed if nobody says how many.
	defaultKeyLimit = 1_000
	// namedKeys is how many keys a sentence names.
	namedKeys = 5
)

// CountUnlimited counts the keys that match and have no limit, now or when a
// temporary limit ends. If the filter's Unlimited is zero, it is taken as
// [UnlimitedAny]. The filter's Limit is ignored. The keys are read page by page.
func (s *Service) CountUnlimited(ctx context.Context, filter KeyFilter) (keys UnlimitedKeys, err error) {
	filter.Unlimited = cmp.Or(filter.Unlimited, UnlimitedAny)
	if err := validateFilter(&filter); err != nil {
		return UnlimitedKeys{}, err
	}
	s.reach.narrow(&filter.Owners, &filter.Plans)
	for key, err := range s.unlimited(ctx, filter) {
		if err != nil {
			return UnlimitedKeys{}, err
		}
		if keys.Count++; keys.Count <= namedKeys {
			keys.First = append(keys.First, key.ID)
		}
	}
	return keys, nil
}

// findKeys returns the next keys that match, and the filter's After for those that
// follow; zero: there are none. It sets their NoLimit if the filter has Unlimited.
func (s *Service) findKeys(ctx context.Context, filter KeyFilter) (keys []KeyRecord, next ration.KeyID, err error) {
	filter.Limit = cmp.Or(filter.Limit, defaultKeyLimit)
	if filter.Unlimited == "" {
		if keys, err = s.store.ListKeys(ctx, filter); len(keys) == filter.Limit {
			next = keys[len(keys)-1].ID
		}
		return keys, next, err
	}
	for key, err := range s.unlimited(ctx, filter) {
		if err != nil {
			return nil, ration.KeyID{}, err
		}
		if keys = append(keys, key); len(keys) == filter.Limit {
			return keys, key.ID, nil
		}
	}
	return keys, ration.KeyID{}, nil
}

// unlimited walks the keys that the filter's Unlimited selects, in the order of
// their ids, so many at a time that no read takes long. An error ends it.
func (s *Service) unlimited(ctx context.Context, filter KeyFilter) iter.Seq2[KeyRecord, error] {
	return func(yield func(KeyRecord, error) bool) {
		plans := s.planReader(ctx)
		for first := true; first || !filter.After.IsZero(); first = false {
			look, err := s.store.UnlimitedCandidates(ctx, filter, MaxKeysAtOnce)
			if err == nil {
				err = judge(look.Keys, plans, look.Now)
			}
			if err != nil {
				yield(KeyRecord{}, err)
				return
			}
			for _, key := range look.Keys {
				if selects(filter.Unlimited, key.NoLimit) && !yield(key, nil) {
					return
				}
			}
			filter.After = look.Last
		}
	}
}

// checkLimits counts the keys that no limit holds, which nobody said is meant.
func (s *Service) checkLimits(ctx context.Context) (Finding, error) {
	finding := Finding{Check: "limits", State: FindingOK, Detail: "each key that can be used has a limit, or is marked as one without"}
	keys, err := s.CountUnlimited(ctx, KeyFilter{Unlimited: UnlimitedUnmarked})
	switch {
	case err != nil && isOfStore(ctx, err):
		return finding, err
	case err != nil: // a key that can't be read: the other checks are needed all the more
		finding.State, finding.Detail = FindingWarning, "Ration can't tell which keys have no limit: "+err.Error()
		finding.Advice = "check with --deep whether the database is damaged; if it is, restore a backup"
	case keys.Count > 0:
		finding.State, finding.Detail = FindingWarning, keys.String()
		finding.Advice = "'ration keys list --unlimited=unmarked' lists them; 'ration keys update --select unlimited=unmarked --limit 1000/day', or --plan NAME in place of --limit, " +
			"gives them a limit, and --unlimited marks those that are meant to have none"
	}
	return finding, nil
}

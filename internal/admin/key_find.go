package admin

import (
	"cmp"
	"context"
	"slices"
)

// namedKeys is how many keys a sentence names.
const namedKeys = 5

// ListKeys returns the next keys that match.
func (s *Service) ListKeys(ctx context.Context, filter KeyFilter) (KeysPage, error) {
	if err := validateFilter(&filter); err != nil {
		return KeysPage{}, err
	}
	s.reach.narrow(&filter.Owners, &filter.Plans)
	page, err := s.findKeys(ctx, filter)
	if err == nil && s.mustHide(&page) {
		page.Next, err = s.hide(ctx, page.Next)
	}
	if err == nil && filter.WithToday {
		err = s.setToday(ctx, page.Keys)
	}
	if err != nil {
		return KeysPage{}, err
	}
	return page, nil
}

// CountUnlimited counts the keys that match and have no limit, now or when a
// temporary limit ends. If the filter's Unlimited is zero, it is taken as
// [UnlimitedAny]. The filter's Limit is ignored. The keys are read page by page.
func (s *Service) CountUnlimited(ctx context.Context, filter KeyFilter) (keys UnlimitedKeys, err error) {
	filter.Unlimited, filter.Limit, filter.WithToday = cmp.Or(filter.Unlimited, UnlimitedAny), MaxKeysAtOnce, false
	for key, err := range AllKeys(ctx, s, filter) {
		if err != nil {
			return UnlimitedKeys{}, err
		}
		if keys.Count++; keys.Count <= namedKeys {
			keys.First = append(keys.First, key.ID)
		}
	}
	return keys, nil
}

// findKeys returns a page of keys as they are now, and whether they have a limit.
func (s *Service) findKeys(ctx context.Context, filter KeyFilter) (page KeysPage, err error) {
	if filter.After, err = s.reveal(ctx, filter.After); err != nil {
		return page, err
	}
	found, err := s.store.ListKeys(ctx, filter)
	if err == nil {
		err = judge(found.Keys, s.planReader(ctx), found.Now)
	}
	if err != nil {
		return page, err
	}
	page = found.KeysPage
	page.Keys = slices.DeleteFunc(page.Keys, func(key KeyRecord) bool { return !selects(filter.Unlimited, key.NoLimit) })
	return page, nil
}

// mustHide reports whether a page ends at a key that may be out of reach.
func (s *Service) mustHide(page *KeysPage) bool {
	shown := len(page.Keys)
	return !s.reach.IsAll() && !page.Next.IsZero() && (shown == 0 || page.Keys[shown-1].ID != page.Next.ID)
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

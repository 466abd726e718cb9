package admin

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// PlanReader returns a plan by its name. Error: ErrNotFound.
type PlanReader func(name string) (ration.Plan, error)

// ReadOnce returns a reader that reads each plan once. It is not safe for
// concurrent use.
func ReadOnce(read PlanReader) PlanReader {
	plans := make(map[string]ration.Plan)
	return func(name string) (ration.Plan, error) {
		if plan, known := plans[name]; known {
			return plan, nil
		}
		plan, err := read(name)
		if err == nil {
			plans[name] = plan
		}
		return plan, err
	}
}

func (s *Service) planReader(ctx context.Context) PlanReader {
	return ReadOnce(func(name string) (ration.Plan, error) { return s.store.Plan(ctx, name) })
}

// of returns the plans of a key: a plan without limits if the key has none, and nil if
// one doesn't exist, so that no decision admits the key.
func (read PlanReader) of(key *ration.Key) (*ledger.Plans, error) {
	var plans ledger.Plans
	for _, one := range []struct {
		name string
		plan *ration.Plan
	}{{key.Plan, &plans.Now}, {key.NextPlan, &plans.Next}} {
		if one.name == "" {
			continue
		}
		plan, err := read(one.name)
		if errors.Is(err, ration.ErrNotFound) {
			return nil, nil //nolint:nilnil // who refers to it finds out
		}
		if err != nil {
			return nil, err
		}
		*one.plan = plan
	}
	return &plans, nil
}

// limitless returns when no limit of a key holds, whether that is intended or not. A
// key's limits change by themselves at the ends of temporary ones and at the starts of
// scheduled ones.
func limitless(key *KeyRecord, plans *ledger.Plans, now time.Time) (found *NoLimit) {
	if plans == nil {
		return nil
	}
	terms, err := ledger.NewTerms(&key.Key, *plans, key.Overrides)
	if err != nil {
		return nil // no decision admits the key
	}
	for at := now; !at.IsZero(); at = terms.NextChange(at) {
		limited := len(terms.LimitsAt(at)) > 0
		switch {
		case found == nil && !limited:
			if found = new(NoLimit); at.After(now) {
				found.From = at
			}
		case found != nil && limited:
			found.Until = at
			return found
		}
	}
	return found
}

// noLimit returns when a key has no limit, and nil if it always has one. It also
// returns nil for keys that can't be used at that time without another change:
// revoked, rejected and expired ones, and those that wait for a decision, which gives
// them a plan.
func noLimit(key *KeyRecord, plans *ledger.Plans, now time.Time) *NoLimit {
	if plans == nil {
		return nil
	}
	switch key.Status {
	case ration.StatusPending, ration.StatusRevoked, ration.StatusRejected:
		return nil
	}
	found := limitless(key, plans, now)
	if found == nil {
		return nil
	}
	if key.ExpiredAt(now) || key.ExpiredAt(found.From) {
		return nil
	}
	found.Marked = key.Unlimited || plans.Now.Unlimited
	if from := found.From; !key.NextPlanAt.IsZero() && !(from.Before(key.NextPlanAt) && now.Before(key.NextPlanAt)) {
		found.Marked = key.Unlimited || plans.Next.Unlimited
	}
	return found
}

// noLimit returns when the key, as the change leaves it, has no limit.
func (c *KeyChange) noLimit() (*NoLimit, error) {
	plans, err := c.Plans.of(&c.Key.Key)
	if err != nil {
		return nil, err
	}
	return noLimit(&c.Key, plans, c.Now), nil
}

// settle removes the mark that the missing limit is intended, if a limit holds at any
// time. If this change asks for the mark, that is an error. It returns what noLimit
// does.
func (c *KeyChange) settle(asked bool) (*NoLimit, error) {
	plans, err := c.Plans.of(&c.Key.Key)
	if err != nil || plans == nil {
		return nil, err
	}
	if c.Key.Unlimited && limitless(&c.Key, plans, c.Now) == nil {
		if asked {
			terms, err := ledger.NewTerms(&c.Key.Key, *plans, c.Key.Overrides)
			if err != nil {
				return nil, err
			}
			limits := listLimits(terms.LimitsAt(c.Now))
			return nil, &ration.InvalidError{Field: "unlimited", Value: "true", Reason: "the key has limits: " + limits}
		}
		c.Key.Unlimited = false
	}
	return noLimit(&c.Key, plans, c.Now), nil
}

// judge sets NoLimit of keys as they were read, and puts what has started in its place.
func judge(keys []KeyRecord, plans PlanReader, now time.Time) error {
	for i := range keys {
		own, err := plans.of(&keys[i].Key)
		if err != nil {
			return err
		}
		keys[i].NoLimit = noLimit(&keys[i], own, now)
		settleKey(&keys[i], now)
	}
	return nil
}

// judged sets NoLimit of keys as they were read, by the store's time.
func (s *Service) judged(ctx context.Context, keys []KeyRecord) ([]KeyRecord, error) {
	if len(keys) == 0 {
		return keys, nil
	}
	_, now, err := s.store.KeyUsage(ctx, keys[0].ID) // for the time
	if err != nil {
		return nil, err
	}
	return keys, judge(keys, s.planReader(ctx), now)
}

// countNoLimit counts the keys that have no limit, or will have none, and no mark
// that this is meant.
func (s *Service) countNoLimit(ctx context.Context, ids []ration.KeyID) (count int, err error) {
	keys, err := s.store.KeysByID(ctx, ids)
	keys = slices.DeleteFunc(keys, func(key KeyRecord) bool { return !s.reach.has(&key.Key) })
	if err == nil {
		keys, err = s.judged(ctx, keys)
	}
	for i := range keys {
		if keys[i].NoLimit.Unmarked() {
			count++
		}
	}
	return count, err
}

func listLimits(limits []ration.Limit) string {
	texts := make([]string, len(limits))
	for i, limit := range limits {
		texts[i] = limit.String()
	}
	return strings.Join(texts, ", ")
}

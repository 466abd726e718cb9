package admin

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/ration-dev/ration"
)

// ChangeKeys changes the next chunk of keys that match, in the order of their ids, in
// one transaction. Each key gets its own audit entry, as if it were changed alone.
// Keys that already are as they should be are not written, so a change that was
// interrupted can be repeated. Keys whose status doesn't allow the action, such as
// enabling a revoked one, are skipped and counted. Clearing a limit that a key does
// not have changes nothing. A dry run reads without locks and writes nothing.
//
// Errors besides those of [Operations]: ErrNotFound for an unknown plan.
func (s *Service) ChangeKeys(ctx context.Context, actor string, change KeysChange) (KeysChanged, error) {
	return s.changeKeys(ctx, actor, change, true)
}

// changeKeys is ChangeKeys. If the caller is told where the next keys begin, that is no key
// out of its reach: more keys are looked at instead.
func (s *Service) changeKeys(ctx context.Context, actor string, change KeysChange, isTold bool) (KeysChanged, error) {
	by, err := authorOf(ctx, actor)
	if err := errors.Join(err, validateChange(&change)); err != nil {
		return KeysChanged{}, err
	}
	if err := s.reach.admit(change.Patch.Owner, change.Patch.Plan); err != nil {
		return KeysChanged{}, err
	}
	s.reach.narrow(&change.Filter.Owners, &change.Filter.Plans)
	if change.Filter.Limit == 0 {
		change.Filter.Limit = MaxKeysAtOnce
	}
	page, err := s.findKeys(ctx, change.Filter)
	for rest := change.Filter; err == nil && isTold && s.mustHide(&page); {
		rest.After, rest.Limit = page.Next, change.Filter.Limit-len(page.Keys)
		var more KeysPage
		more, err = s.findKeys(ctx, rest)
		page.Keys, page.Next = append(page.Keys, more.Keys...), more.Next
	}
	if err != nil {
		return KeysChanged{}, err
	}
	found := page.Keys
	chunk := newKeyChunk(by, change, found, page.Next.ID)
	results(ctx, func() any { return chunk })
	switch {
	case change.DryRun:
		err = s.tryChunk(ctx, chunk, found)
	case len(found) > 0:
		_, err = s.store.UpdateKeys(ctx, chunk.ids, chunk.update)
	case JobStepOf(ctx) != nil:
		err = s.store.StepJob(ctx)
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
	units, err := s.units(ctx)
	if err != nil {
		return err
	}
	plans, unit := s.planReader(ctx), func(meter string) (ration.Unit, error) { return units[meter], nil }
	for _, key := range keys {
		if err := chunk.update(&KeyChange{Now: now, Key: key, Plans: plans, Units: unit}); err != nil && !errors.Is(err, ErrUnchanged) {
			return err
		}
	}
	return nil
}

func validateChange(c *KeysChange) error {
	_, ofStatus := statusChanges[c.Action]
	switch {
	case isSelective(&c.Filter) == c.All:
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
	if c.Filter.Sort != "" || c.Filter.Descending {
		return badSelection("sort")
	}
	return validateSelection(&c.Filter)
}

// validateSelection refuses what only lists can be selected by.
func validateSelection(f *KeyFilter) error {
	switch {
	case f.SecretStart != "":
		return badSelection("secret_start")
	case f.Search != "":
		return badSelection("search")
	}
	return validateFilter(f)
}

func badSelection(field string) error {
	return &ration.InvalidError{Field: field, Reason: "select the keys of a change by plan, owner, status or name"}
}

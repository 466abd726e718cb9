package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/config"
)

// orNearest suggests the known name that is nearest to a mistyped one, and says
// otherwise where none is near.
func orNearest(text string, known []string, otherwise string) string {
	known = slices.DeleteFunc(known, func(name string) bool { return name == "" })
	if nearest := config.Closest(text, known); nearest != "" {
		return fmt.Sprintf("; did you mean %q?", visible(nearest))
	}
	return otherwise
}

// namedPlans is how many plans an error names.
const namedPlans = 5

// explainPlan adds the nearest plan to an error that may be about one that isn't there.
func explainPlan(ctx context.Context, ops admin.Operations, name string, err error) error {
	if name == "" || !errors.Is(err, ration.ErrNotFound) {
		return err
	}
	plans, listErr := ops.ListPlans(ctx, admin.NameFilter{})
	if listErr != nil {
		return errors.Join(err, listErr)
	}
	names := make([]string, len(plans))
	for i, plan := range plans {
		names[i] = plan.Name
	}
	var others string
	switch {
	case slices.Contains(names, name):
		return err // it is about something else
	case len(names) == 0:
		others = "; there are no plans yet: create one with 'ration plans create NAME'"
	case len(names) <= namedPlans:
		others = "; the plans are " + visible(strings.Join(names, ", "))
	default:
		others = "; 'ration plans list' shows all plans"
	}
	return fmt.Errorf("%w%s", err, orNearest(name, names, others))
}

// checkPlan returns an error if there is no plan of that name; an empty name is none.
func checkPlan(ctx context.Context, ops admin.Operations, name string) error {
	if name == "" {
		return nil
	}
	_, err := ops.ShowPlan(ctx, name)
	return explainPlan(ctx, ops, name, err)
}

// nearestOwner suggests an owner in place of one that nothing belongs to; empty: none is
// near. It looks at the first keys only.
func nearestOwner(ctx context.Context, ops admin.Operations, owner string) (string, error) {
	records, err := admin.FirstKeys(ctx, ops, admin.KeyFilter{})
	if err != nil {
		return "", err
	}
	owners := make([]string, len(records))
	for i, record := range records {
		owners[i] = record.Owner
	}
	if slices.Contains(owners, owner) {
		return "", nil
	}
	return orNearest(owner, owners, ""), nil
}

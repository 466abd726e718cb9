package console

import (
	"slices"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
)

// planPreview is what a change of a plan would do.
type planPreview struct {
	Changes []limitChange
	Zone    *fieldChange // nil: the time zone stays
	Mark    *fieldChange // that the missing limit is intended; nil: it stays
	Later   bool         // limits change with each key's next period
}

// IsEmpty reports whether nothing would change.
func (p *planPreview) IsEmpty() bool { return len(p.Changes) == 0 && p.Zone == nil && p.Mark == nil }

// limitChange is a limit before and after; empty: there is none.
type limitChange struct{ Before, After string }

// fieldChange is something else before and after.
type fieldChange struct{ Before, After string }

// previewPlan shows what a change would do, before it is made.
func (c *Console) previewPlan(v *visit) error {
	plan, err := v.planOf()
	if err != nil {
		return err
	}
	form := v.planForm()
	form.Name = plan.Name
	patch, err := form.patch(&plan)
	if err != nil {
		return err
	}
	page := planEditPage{planForm: form, Path: planPath(plan.Name), Preview: changesOf(&plan, &patch)}
	v.replacePage(page.Path + "/preview")
	v.show(200, "plan-edit", layout{Title: "Change " + plan.Name, Section: "/plans", Page: page})
	return nil
}

// changesOf sets each limit beside what becomes of it.
func changesOf(plan *ration.Plan, patch *rationadmin.PlanPatch) *planPreview {
	preview := &planPreview{Later: patch.FromNextPeriod}
	for _, limit := range patch.SetLimits {
		change := limitChange{After: limit.String()}
		if i := slices.IndexFunc(plan.Limits, func(l ration.Limit) bool { return l.Key() == limit.Key() }); i >= 0 {
			change.Before = plan.Limits[i].String()
		}
		preview.Changes = append(preview.Changes, change)
	}
	for _, key := range patch.RemoveLimits {
		i := slices.IndexFunc(plan.Limits, func(l ration.Limit) bool { return l.Key() == key })
		preview.Changes = append(preview.Changes, limitChange{Before: plan.Limits[i].String()})
	}
	if patch.TimeZone != nil {
		preview.Zone = &fieldChange{zoneName(plan.TimeZone), zoneName(*patch.TimeZone)}
	}
	if patch.Unlimited != nil {
		preview.Mark = &fieldChange{markName(plan.Unlimited), markName(*patch.Unlimited)}
	}
	return preview
}

func zoneName(zone string) string {
	if zone == "" {
		return "UTC"
	}
	return zone
}

func markName(unlimited bool) string {
	if unlimited {
		return "meant to have no limit"
	}
	return "not meant to have no limit"
}

package console

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
)

// planPreview is what a change of a plan would do.
type planPreview struct {
	Changes []limitChange
	Zone    *fieldChange // nil: the time zone stays
	Mark    *fieldChange // that the missing limit is intended; nil: it stays
	Later   bool         // limits change with each key's next period

	Found  *rationadmin.PlanPreviewed // what would have been refused lately; nil: nothing would change
	Limits []previewedLimit
	Worst  []previewedKey
}

// previewedLimit is a limit of the plan and what it would have refused.
type previewedLimit struct {
	rationadmin.PreviewedLimit
	Note string // what can't be said; empty: nothing is missing
}

// previewedKey is a key that would have been refused something.
type previewedKey struct {
	rationadmin.PreviewedKey
	Limits []previewedKeyLimit
}

// previewedKeyLimit says of a limit how often it would have refused the key something, and
// when most.
type previewedKeyLimit struct {
	rationadmin.PreviewedKeyLimit
	Most  rationadmin.PreviewedPeriod
	Begin string // of that period; empty: it has none, or it is not known
}

// Unnamed is how many keys would have been refused something and have no row.
func (p *planPreview) Unnamed() int { return p.Found.Refused - len(p.Worst) }

// Part writes what would have been refused as a part of what was used.
func (p *planPreview) Part(meter rationadmin.PreviewedMeter) string {
	if meter.Used == 0 || meter.Refused == 0 {
		return ""
	}
	percent := float64(meter.Refused) * 100 / float64(meter.Used)
	if percent < 0.1 {
		return "less than 0.1 %"
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", percent), ".0") + " %"
}

// IsEmpty reports whether nothing would change.
func (p *planPreview) IsEmpty() bool { return len(p.Changes) == 0 && p.Zone == nil && p.Mark == nil }

// limitChange is a limit before and after; empty: there is none.
type limitChange struct{ Before, After string }

// fieldChange is something else before and after.
type fieldChange struct{ Before, After string }

// previewPlan shows what a change would do, before it is made.
func (c *Console) previewPlan(v *visit) error {
	if err := v.needsAdmin(); err != nil {
		return err
	}
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
	if !page.Preview.IsEmpty() {
		found, err := v.Operations.PreviewPlan(v.ctx, rationadmin.PlanPreview{Patch: patch})
		if err != nil {
			return err
		}
		page.Preview.found(&found)
	}
	v.replacePage(page.Path + "/preview")
	v.show(200, "plan-edit", layout{Title: "Change " + plan.Name, Section: "/plans", Page: page})
	return nil
}

// changesOf sets each limit beside what becomes of it.
func changesOf(plan *ration.Plan, patch *rationadmin.PlanPatch) *planPreview {
	preview := &planPreview{Later: patch.FromNextPeriod}
	for _, limit := range patch.SetLimits {
		change := limitChange{After: grouped(limit.String())}
		if i := slices.IndexFunc(plan.Limits, func(l ration.Limit) bool { return l.Key() == limit.Key() }); i >= 0 {
			change.Before = grouped(plan.Limits[i].String())
		}
		preview.Changes = append(preview.Changes, change)
	}
	for _, key := range patch.RemoveLimits {
		i := slices.IndexFunc(plan.Limits, func(l ration.Limit) bool { return l.Key() == key })
		preview.Changes = append(preview.Changes, limitChange{Before: grouped(plan.Limits[i].String())})
	}
	if patch.TimeZone != nil {
		preview.Zone = &fieldChange{zoneName(plan.TimeZone), zoneName(*patch.TimeZone)}
	}
	if patch.Unlimited != nil {
		preview.Mark = &fieldChange{markName(plan.Unlimited), markName(*patch.Unlimited)}
	}
	return preview
}

// found takes over what would have been refused.
func (p *planPreview) found(found *rationadmin.PlanPreviewed) {
	p.Found = found
	for _, limit := range found.Limits {
		p.Limits = append(p.Limits, previewedLimit{limit, noteOf(&limit)})
	}
	for _, key := range found.Worst {
		row := previewedKey{PreviewedKey: key}
		for _, limit := range key.Limits {
			one := previewedKeyLimit{PreviewedKeyLimit: limit}
			for _, period := range limit.Periods {
				if period.Refused > one.Most.Refused {
					one.Most, one.Begin = period, beginOf(limit.Limit.Period, period.Period)
				}
			}
			row.Limits = append(row.Limits, one)
		}
		p.Worst = append(p.Worst, row)
	}
}

// beginOf says when a period began; empty: it is the only one.
func beginOf(period ration.Period, id ration.PeriodID) string {
	switch period {
	case ration.PeriodLifetime:
		return ""
	case ration.PeriodHour:
		return id.Hour().Format("2 Jan 2006, 15:04 MST")
	}
	return id.Date().Format("2 Jan 2006")
}

// noteOf says what is not known of a limit.
func noteOf(limit *rationadmin.PreviewedLimit) string {
	var notes []string
	if limit.Unknown != "" {
		notes = append(notes, sentence(limit.Unknown))
	}
	if !limit.Since.IsZero() {
		notes = append(notes, "Known since "+limit.Since.UTC().Format("2 Jan 2006, 15:04 MST")+".")
	}
	if limit.UnknownKeys > 0 {
		notes = append(notes, keysText(limit.UnknownKeys)+" in zones whose hours are not those of UTC: nothing can be said of them.")
	}
	if limit.Overridden > 0 {
		notes = append(notes, keysText(limit.Overridden)+" with a limit of its own instead.")
	}
	return strings.Join(notes, " ")
}

func keysText(keys int) string {
	if keys == 1 {
		return "1 key"
	}
	return count(keys) + " keys"
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

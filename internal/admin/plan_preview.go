package admin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
)

const (
	previewLook     = 250 // keys that are judged at once
	previewHourLook = 50  // of whom hours are read
	previewTime     = 10 * time.Second
	mostPreviewDays = 400
	previewNamed    = 100 // if nobody says how many

	previewsAtOnce  = 2                // on an instance: each reads as much as a report
	previewPatience = 10 * time.Second // of those who wait for one of them to end
)

// PreviewPlan says what a plan would have refused. It reads keys and their history a few
// at a time, with pauses, as reports on all keys do.
func (s *Service) PreviewPlan(ctx context.Context, question PlanPreview) (PlanPreviewed, error) {
	if err := validatePreview(&question); err != nil {
		return PlanPreviewed{}, err
	}
	end, err := s.beginPreview(ctx)
	if err != nil {
		return PlanPreviewed{}, err
	}
	defer end()
	p, err := s.newPreview(ctx, &question)
	if err != nil {
		return PlanPreviewed{}, err
	}
	keys := KeyFilter{Plan: question.Patch.Name}
	if question.Keys != nil {
		keys = *question.Keys
		keys.Sort, keys.Descending, keys.After = "", false, KeyPosition{}
	}
	keys.Limit, keys.WithToday = previewLook, false
	if !p.hoursFrom.IsZero() {
		keys.Limit = previewHourLook
	}
	s.reach.narrow(&keys.Owners, &keys.Plans)
	start, busy := time.Now(), time.Duration(0)
	for looked := 0; ; {
		began := time.Now()
		page, err := s.findKeys(ctx, keys)
		if err != nil {
			return PlanPreviewed{}, err
		}
		if looked += len(page.Keys); question.Keys == nil { // a next plan may have begun
			page.Keys = slices.DeleteFunc(page.Keys, func(k KeyRecord) bool { return k.Plan != question.Patch.Name })
		}
		if err := s.previewKeys(ctx, p, page.Keys); err != nil {
			return PlanPreviewed{}, err
		}
		if keys.After = page.Next; keys.After.IsZero() {
			return p.outcome(), nil
		}
		if looked >= rationadmin.MostPreviewed || time.Since(start) > previewTime {
			p.More = true
			return p.outcome(), nil
		}
		took := time.Since(began)
		if busy += took; busy > unpaced && !pause(ctx, s.store.ReportPause(took)) {
			return PlanPreviewed{}, ration.ErrStoreUnavailable
		}
	}
}

// beginPreview waits until a preview can be made. Error: ErrConflict if that takes too long.
func (s *Service) beginPreview(ctx context.Context) (end func(), err error) {
	patience, cancel := context.WithTimeout(ctx, previewPatience)
	defer cancel()
	select {
	case s.previews <- struct{}{}:
		return func() { <-s.previews }, nil
	case <-patience.Done():
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("%w: %w", ration.ErrStoreUnavailable, err)
		}
		return nil, fmt.Errorf("%w: others are looking at previews of plans; try again in some seconds", ration.ErrConflict)
	}
}

func validatePreview(question *PlanPreview) error {
	if err := validatePlanName(question.Patch.Name); err != nil {
		return err
	}
	if question.Keys != nil {
		if err := validateSelection(question.Keys); err != nil {
			return err
		}
	}
	if most := rationadmin.MostPreviewNamed; question.Limit < 0 || question.Limit > most {
		return &ration.InvalidError{Field: "limit", Value: strconv.Itoa(question.Limit), Reason: fmt.Sprintf("use 1 to %d", most)}
	}
	return validateUsageFilter(&UsageFilter{From: question.From, To: question.To})
}

// newPreview reads the plan and chooses the days.
func (s *Service) newPreview(ctx context.Context, question *PlanPreview) (*preview, error) {
	_, now, err := s.store.UsageOfKeys(ctx, nil) // for the time
	if err != nil {
		return nil, err
	}
	units, err := s.units(ctx)
	if err != nil {
		return nil, err
	}
	since, err := s.store.HistorySince(ctx)
	if err != nil {
		return nil, err
	}
	plan, err := s.store.Plan(ctx, question.Patch.Name)
	if err != nil {
		return nil, named(planNamed(question.Patch.Name), err)
	}
	if err := checkUnchanged(plan.UpdatedAt, question.Patch.IfUpdatedAt); err != nil {
		return nil, err
	}
	before := settlePlan(plan, now)
	after, err := patchPlan(&question.Patch, before, func(meter string) (ration.Unit, error) { return units[meter], nil }, now)
	if err != nil {
		return nil, err
	}
	p := &preview{now: now, from: question.From, to: question.To, units: units, periods: make(map[stepIn]stepPeriod)}
	p.Plan = after
	if err := p.choose(since); err != nil {
		return nil, err
	}
	p.setLimits(futureLimits(before), futureLimits(after))
	p.setReads(since)
	p.worst = newBest(cmp.Or(question.Limit, previewNamed), comparePreviewed)
	return p, nil
}

// choose chooses the days that were left open, and refuses those of which the history
// isn't complete.
func (p *preview) choose(since ration.PeriodID) error {
	today := labelAt(ration.PeriodDay, p.now, time.UTC)
	if p.From, p.To = p.from, cmp.Or(p.to, today); p.from == 0 {
		p.From = max(min(p.To, today)-rationadmin.PreviewDays+1, since)
	}
	if p.To-p.From >= mostPreviewDays {
		return &ration.InvalidError{Field: "from", Value: dateText(p.From), Reason: fmt.Sprintf("ask for at most %d days", mostPreviewDays)}
	}
	return refuseDeleted(&UsageFilter{From: p.From, To: p.to}, since)
}

// setLimits says of each limit how it can be judged.
func (p *preview) setLimits(before, after []ration.Limit) {
	meters := []string{ration.MeterRequests}
	for _, limit := range after {
		l := previewLimit{PreviewedLimit: PreviewedLimit{Limit: limit, Changed: !slices.Contains(before, limit)}}
		l.by, l.Unknown = judgedBy(&limit)
		p.limits = append(p.limits, l)
		meters = append(meters, limit.Meter)
	}
	slices.SortFunc(meters, ration.CompareMeters)
	for _, meter := range slices.Compact(meters) {
		p.meters = append(p.meters, meter)
		p.Meters = append(p.Meters, PreviewedMeter{Meter: meter, Unit: p.units[meter]})
	}
}

// judgedBy says by which steps of the history a limit can be judged, and why by none.
func judgedBy(limit *ration.Limit) (by stepKind, unknown string) {
	switch {
	case limit.Kind == ration.KindRate:
		return 0, "the history has no seconds and minutes: what a rate would have refused can't be said"
	case limit.Kind == ration.KindConcurrent:
		return 0, "how many requests were in flight at once is not in the history"
	case limit.Period == ration.PeriodLifetime:
		return byTotal, ""
	case beginsWithDay(limit.Period):
		return byDays, ""
	}
	return byHours, ""
}

// beginsWithDay reports whether a period begins where its first day does.
func beginsWithDay(period ration.Period) bool {
	const anyDay = 3 // in no zone but UTC, where each day begins alike
	return period != ration.PeriodHour && ration.PeriodBegin(period, anyDay, time.UTC).Equal(ration.PeriodBegin(ration.PeriodDay, anyDay, time.UTC))
}

// setReads says from when on days and hours are read: from the beginning of the periods
// that hold the first day.
func (p *preview) setReads(since ration.PeriodID) {
	first := p.From.Date()
	p.daysFrom = p.From
	for i := range p.limits {
		switch period := p.limits[i].Limit.Period; p.limits[i].by {
		case byDays:
			p.daysFrom = min(p.daysFrom, labelAt(period, first, time.UTC)) // the dates of a period are the same in each zone
		case byHours:
			begins := ration.PeriodBegin(period, labelAt(period, first, time.UTC), time.UTC).Add(-24 * time.Hour) // in zones, it may begin so much earlier
			if p.hoursFrom.IsZero() || begins.Before(p.hoursFrom) {
				p.hoursFrom = begins
			}
		}
	}
	p.daysFrom = max(p.daysFrom, since)
}

// previewKeys judges keys by their history.
func (s *Service) previewKeys(ctx context.Context, p *preview, keys []KeyRecord) error {
	keys = slices.DeleteFunc(keys, func(k KeyRecord) bool {
		return k.Status == ration.StatusRevoked || k.Status == ration.StatusRejected || k.ExpiredAt(p.now)
	})
	if len(keys) == 0 {
		return nil
	}
	question := HistoryQuestion{Meters: p.meters, From: p.daysFrom, HoursFrom: p.hoursFrom}
	for i := range keys {
		question.Keys = append(question.Keys, keys[i].ID)
	}
	history, err := s.store.HistoryOfKeys(ctx, question)
	if err != nil {
		return err
	}
	p.noteHours(history.HoursSince)
	days, hours := stepsByKey(history.Days), stepsByKey(history.Hours)
	for i := range keys {
		id := keys[i].ID
		p.judge(&keys[i], days[id], hours[id], history.Usage[id])
	}
	return nil
}

// stepsByKey splits steps, which are in the order of keys.
func stepsByKey(steps []UsedStep) map[ration.KeyID][]UsedStep {
	of := make(map[ration.KeyID][]UsedStep)
	for first, i := 0, 0; i < len(steps); i++ {
		if i+1 == len(steps) || steps[i+1].KeyID != steps[first].KeyID {
			of[steps[first].KeyID] = steps[first : i+1]
			first = i + 1
		}
	}
	return of
}

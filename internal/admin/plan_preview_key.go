package admin

import (
	"cmp"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/rationadmin"
)

// HistoryQuestion asks for what some keys used on some meters.
type HistoryQuestion struct {
	Keys      []ration.KeyID  // at most MaxKeysAtOnce
	Meters    []string        // at least one
	From      ration.PeriodID // the first date
	HoursFrom time.Time       // the first hour; zero: hours are not read
}

// KeysHistory is what keys used: steps in the order of keys, meters and times.
type KeysHistory struct {
	Days       []UsedStep
	Hours      []UsedStep
	HoursSince time.Time                     // from when on hours are complete; zero: they always were
	Usage      map[ration.KeyID]ledger.Usage // all meters
}

// UsedStep is what a key used on a meter on one of its local days, or in one UTC hour.
type UsedStep struct {
	KeyID  ration.KeyID
	Meter  string
	ID     ration.PeriodID // the date, or the hour
	Used   int64           // units
	Denied int64           // charges
}

// preview judges keys by their history.
type preview struct {
	PlanPreviewed
	now       time.Time
	from, to  ration.PeriodID // as they were asked for
	daysFrom  ration.PeriodID
	hoursFrom time.Time
	limits    []previewLimit
	meters    []string
	units     ledger.Units
	periods   map[stepIn]stepPeriod
	worst     *best[PreviewedKey]
}

type previewLimit struct {
	PreviewedLimit
	by stepKind
}

// stepKind is what a limit is judged by; zero: by nothing.
type stepKind int

const (
	byDays stepKind = iota + 1
	byHours
	byTotal // by days, and the total before them
)

// noteHours says since when limits that are judged by hours are known.
func (p *preview) noteHours(since time.Time) {
	for i := range p.limits {
		l := &p.limits[i]
		if l.by != byHours || !since.After(p.From.Date()) {
			continue
		}
		if l.Since = since; !since.Before(p.now) {
			l.Unknown = "usage by hour is not known yet"
		}
	}
}

// judge adds what a key would have been refused.
func (p *preview) judge(key *KeyRecord, days, hours []UsedStep, usage ledger.Usage) {
	having := key.Key
	having.Plan, having.NextPlan, having.NextPlanAt = p.Plan.Name, "", time.Time{}
	plan := ration.Plan{Name: p.Plan.Name, TimeZone: p.Plan.TimeZone}
	for i := range p.limits {
		plan.Limits = append(plan.Limits, p.limits[i].Limit)
	}
	policy, err := ledger.NewPolicy(having, ledger.Plans{Now: plan}, key.Overrides, nil, p.now)
	if err != nil {
		return // no charge of this key is decided; 'ration keys show' says why
	}
	p.Keys++
	j := judgement{preview: p, key: key, zone: policy.Zone}
	if slices.ContainsFunc(p.limits, func(l previewLimit) bool { return l.by == byTotal }) {
		j.status, _ = keyStatus(*key, policy, usage, p.now)
	}
	found := PreviewedKey{KeyID: key.ID, KeyName: key.Name, Owner: key.Owner, Plan: key.Plan}
	for i := range p.Meters {
		meter := &p.Meters[i]
		j.meter(meter, &found, onMeter(days, meter.Meter), onMeter(hours, meter.Meter))
	}
	if len(found.Limits) > 0 {
		p.Refused++
		p.worst.add(found)
	}
}

// onMeter returns the steps of one meter, which are in the order of meters.
func onMeter(steps []UsedStep, meter string) []UsedStep {
	first := slices.IndexFunc(steps, func(s UsedStep) bool { return s.Meter == meter })
	if first < 0 {
		return nil
	}
	last := first
	for last < len(steps) && steps[last].Meter == meter {
		last++
	}
	return steps[first:last]
}

// judgement is what is known of a key while it is judged.
type judgement struct {
	*preview
	key    *KeyRecord
	zone   *time.Location
	status KeyStatus // if a limit is judged by the total
}

// meter judges a meter of the key, and adds to that of all keys.
func (j *judgement) meter(all *PreviewedMeter, found *PreviewedKey, days, hours []UsedStep) {
	own := PreviewedMeter{Meter: all.Meter, Unit: all.Unit}
	used, byDay, byHour := int64(0), j.daySteps(days, &own), j.hourSteps(hours)
	for i := range days {
		used += days[i].Used
	}
	var together []quota // those that are judged by days
	for i := range j.limits {
		limit := &j.limits[i]
		if limit.Limit.Meter != all.Meter {
			continue
		}
		if _, overrides := ration.OverrideAt(j.key.Overrides, limit.Limit.Key(), j.now); overrides {
			limit.Overridden++
			continue
		}
		steps, even, q := byDay, true, quota{size: limit.Limit.Quantity}
		switch limit.by {
		case byTotal:
			q.prior, q.in = max(0, j.usedOf(limit.Limit.Key())-used), make([]ration.PeriodID, len(steps))
		case byDays:
			q.in, _ = j.periodsOf(limit.Limit.Period, steps)
		case byHours:
			steps = byHour
			q.in, even = j.periodsOf(limit.Limit.Period, steps)
		default:
			continue
		}
		if !even {
			limit.UnknownKeys++
			continue
		}
		alone := refusedBy(&limit.Limit, steps, &q)
		if limit.by != byHours {
			together = append(together, q)
		} else {
			own.Refused = max(own.Refused, alone.Refused)
		}
		if alone.Count > 0 {
			limit.Keys++
			limit.Periods += alone.Count
			limit.Refused += alone.Refused
			found.Limits = append(found.Limits, alone)
		}
	}
	sum := int64(0)
	for _, refused := range notAdmitted(byDay, together) {
		sum += refused
	}
	own.Refused = max(own.Refused, sum)
	all.Used, all.Refused, all.Denied = all.Used+own.Used, all.Refused+own.Refused, all.Denied+own.Denied
	if own.Refused > 0 {
		found.Meters = append(found.Meters, own)
	}
}

// usedOf returns what a limit now reads as used.
func (j *judgement) usedOf(key ration.LimitKey) int64 {
	for i := range j.status.Limits {
		if j.status.Limits[i].Key() == key {
			return j.status.Limits[i].Used
		}
	}
	return 0
}

// previewStep is what was used on a day or in an hour.
type previewStep struct {
	id     ration.PeriodID
	isHour bool
	used   int64
	counts bool // it is of the days that are asked for; of an earlier one all was admitted, and fills its periods
}

// daySteps returns the days until the last one, and adds to the meter what was used and
// denied on those that are asked for.
func (j *judgement) daySteps(days []UsedStep, meter *PreviewedMeter) []previewStep {
	steps := make([]previewStep, 0, len(days))
	for i := range days {
		day := &days[i]
		if j.to != 0 && day.ID > j.to {
			continue
		}
		step := previewStep{id: day.ID, used: day.Used, counts: day.ID >= j.From}
		if steps = append(steps, step); step.counts {
			meter.Used += day.Used
			meter.Denied += day.Denied
		}
	}
	return steps
}

// hourSteps returns the hours until the end of the last day.
func (j *judgement) hourSteps(hours []UsedStep) []previewStep {
	if len(hours) == 0 {
		return nil
	}
	begins, ends := ration.PeriodBegin(ration.PeriodDay, j.From, j.zone), time.Time{}
	if j.to != 0 {
		ends = ration.PeriodBegin(ration.PeriodDay, j.to+1, j.zone)
	}
	steps := make([]previewStep, 0, len(hours))
	for i := range hours {
		at := hours[i].ID.Hour()
		if ends.IsZero() || at.Before(ends) {
			steps = append(steps, previewStep{id: hours[i].ID, isHour: true, used: hours[i].Used, counts: !at.Before(begins)})
		}
	}
	return steps
}

// stepIn is a step in a zone, and stepPeriod the period of it that a limit counts by.
type stepIn struct {
	zone   string
	period ration.Period
	id     ration.PeriodID
	isHour bool
}

type stepPeriod struct {
	id   ration.PeriodID
	even bool // it begins with a step
}

// periodsOf returns the period of each step, and whether all of them begin with a step.
func (j *judgement) periodsOf(period ration.Period, steps []previewStep) (in []ration.PeriodID, even bool) {
	in, even = make([]ration.PeriodID, len(steps)), true
	for i := range steps {
		key := stepIn{j.zone.String(), period, steps[i].id, steps[i].isHour}
		of, known := j.periods[key]
		if !known {
			of = j.periodOf(period, &steps[i])
			j.periods[key] = of
		}
		in[i], even = of.id, even && of.even
	}
	return in, even
}

func (j *judgement) periodOf(period ration.Period, step *previewStep) stepPeriod {
	if !step.isHour {
		return stepPeriod{labelAt(period, ration.PeriodBegin(ration.PeriodDay, step.id, j.zone), j.zone), true}
	}
	id := labelAt(period, step.id.Hour(), j.zone)
	begins := ration.PeriodBegin(period, id, j.zone)
	return stepPeriod{id, begins.Truncate(time.Hour).Equal(begins)}
}

// quota is a limit while steps are walked through.
type quota struct {
	size, prior int64             // prior: what was used before the first step
	in          []ration.PeriodID // the period of each step
}

// notAdmitted returns how many units of each step would not have been admitted by all
// quotas together, if they had held since the first step that counts.
func notAdmitted(steps []previewStep, quotas []quota) []int64 {
	refused, left := make([]int64, len(steps)), make([]int64, len(quotas))
	for i := range steps {
		step, admitted := &steps[i], steps[i].used
		for n := range quotas {
			q := &quotas[n]
			if i == 0 {
				left[n] = max(0, q.size-q.prior)
			} else if q.in[i] != q.in[i-1] {
				left[n] = q.size
			}
			if step.counts {
				admitted = min(admitted, left[n])
			}
		}
		for n := range quotas {
			left[n] = max(0, left[n]-admitted)
		}
		refused[i] = step.used - admitted
	}
	return refused
}

// refusedBy returns what one limit would have refused, if it were the only one.
func refusedBy(limit *ration.Limit, steps []previewStep, q *quota) PreviewedKeyLimit {
	found := PreviewedKeyLimit{Limit: *limit}
	period, used := PreviewedPeriod{}, q.prior
	end := func() {
		if period.Used = used; period.Refused > 0 {
			found.Count++
			found.Refused += period.Refused
			found.Periods = append(found.Periods, period)
		}
	}
	for i, refused := range notAdmitted(steps, []quota{*q}) {
		if i > 0 && q.in[i] != q.in[i-1] {
			end()
			period, used = PreviewedPeriod{}, 0
		}
		period.Period = q.in[i]
		period.Refused += refused
		used += steps[i].used
	}
	end()
	slices.SortFunc(found.Periods, func(a, b PreviewedPeriod) int {
		return cmp.Or(cmp.Compare(b.Refused, a.Refused), cmp.Compare(a.Period, b.Period))
	})
	found.Periods = slices.Clip(found.Periods[:min(len(found.Periods), rationadmin.MostPreviewPeriods)])
	slices.SortFunc(found.Periods, func(a, b PreviewedPeriod) int { return cmp.Compare(a.Period, b.Period) })
	return found
}

// comparePreviewed sorts those first of whom most would have been refused.
func comparePreviewed(a, b PreviewedKey) int {
	meters := make([]string, 0, len(a.Meters)+len(b.Meters))
	for _, of := range [][]PreviewedMeter{a.Meters, b.Meters} {
		for i := range of {
			meters = append(meters, of[i].Meter)
		}
	}
	slices.SortFunc(meters, ration.CompareMeters)
	for _, meter := range slices.Compact(meters) {
		if order := cmp.Compare(refusedOn(&b, meter), refusedOn(&a, meter)); order != 0 {
			return order
		}
	}
	return compareKeyIDs(a.KeyID, b.KeyID)
}

func refusedOn(key *PreviewedKey, meter string) int64 {
	for i := range key.Meters {
		if key.Meters[i].Meter == meter {
			return key.Meters[i].Refused
		}
	}
	return 0
}

// outcome is what was found.
func (p *preview) outcome() PlanPreviewed {
	for i := range p.limits {
		p.Limits = append(p.Limits, p.limits[i].PreviewedLimit)
	}
	p.Worst = p.worst.items
	return p.PlanPreviewed
}

package storetest

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// model is the second opinion on what a store decides and counts. It is naive
// on purpose: it keeps every charge for ever and finds what a limit has used by
// adding up, what a rate owes by replaying, and when a period ends by searching
// for it. It shares no rule with the package it judges, only its words.
type model struct {
	plans map[string]*ration.Plan
	keys  map[ration.KeyID]*modelKey
}

// modelKey is a key as it was administered, and all that was charged to it.
type modelKey struct {
	admin.KeyRecord
	meters       map[string]*modelMeter
	reservations []*modelReservation
	remembered   []modelReplay
	charges      int                // that were admitted
	refunds      [][]ration.Posting // of charges that were given back
}

// modelMeter is all that ever happened to a key on one meter.
type modelMeter struct {
	admitted []admission
	beyond   []admission // what was settled without a reservation
	first    time.Time   // of its use
	denied   []denial
	running  [4]running // hour, day, week, month
	rates    map[ration.Period]modelRate
	last     time.Time // of the admissions, or when a clock that was ahead was put right
	epoch    int64     // how many resets there were
	resets   [5]modelReset
}

// denial is one denied charge and the hour and the day that it was counted in.
type denial struct{ hour, day ration.PeriodID }

// admission is one admitted charge and the periods that it was counted in.
type admission struct {
	number  int // among those of its key
	at      time.Time
	units   int64
	periods [4]ration.PeriodID
	back    bool // it was given back
	epoch   int64

	// What of it is used, where that is for a reservation to say.
	of    *modelReservation
	meter string
}

// used is what of an admission counts as used now.
func (a admission) used() int64 {
	switch {
	case a.back:
		return 0
	case a.of != nil:
		return a.of.used(a.meter)
	}
	return a.units
}

// reserved is what of an admission is reserved now.
func (a admission) reserved() int64 {
	if a.of != nil && a.of.state == ration.ReservationOpen {
		return a.units
	}
	return 0
}

// running is a period under way. What was used in it is the sum of the
// admissions with its id.
type running struct {
	id   ration.PeriodID
	ends time.Time
}

func newModel() *model {
	return &model{plans: map[string]*ration.Plan{}, keys: map[ration.KeyID]*modelKey{}}
}

// decide decides a normalised charge about limits and remembers it.
func (m *model) decide(charge item, now time.Time) ration.Decision {
	decision := ration.Decision{Code: ration.CodeKeyUnknown, DecidedAt: now, DryRun: charge.DryRun}
	key := m.keys[charge.KeyID]
	if key == nil {
		return decision
	}
	zone := m.zone(key, now)
	decision.Code = key.access(charge, now)
	var questions []question
	if decision.Code != ration.CodeKeyUnknown {
		decision.KeyID, decision.KeyName, decision.Owner, decision.Plan = key.ID, key.Name, key.Owner, key.planAt(now)
		decision.Amounts = charge.Amounts
	}
	if decision.Code == ration.CodeOK {
		questions = m.ask(key, charge, now, zone)
		decision.Code, decision.RetryAfter = m.foresee(key, charge, questions, now)
	}
	for _, q := range questions {
		decision.Limits = append(decision.Limits, q.status(decision.Code == ration.CodeOK, charge.Hold != nil))
	}
	if len(questions) > 0 && (m.limitsChange(key, now) || decision.Code != ration.CodeOK && len(m.events(key, now, true)) > 1) {
		m.tellEarlier(key, charge, &decision, questions, now, zone)
	}
	if !charge.DryRun {
		key.remember(charge, &decision, questions, now, zone)
	}
	return decision
}

// remember keeps what happened.
func (k *modelKey) remember(charge item, decision *ration.Decision, questions []question, now time.Time, zone *time.Location) {
	var of *modelReservation
	if charge.Hold != nil {
		of = &modelReservation{}
	}
	admitted := decision.Code == ration.CodeOK
	var entries []admission
	for _, amount := range charge.Amounts {
		meter := k.meter(amount.Meter)
		turned := meter.turned(now, zone)
		meter.turnBack(now)
		if !admitted {
			meter.denied = append(meter.denied, denial{turned[0].id, turned[1].id})
			continue
		}
		meter.running = turned
		entry := admission{number: k.charges, at: now, units: amount.Units, of: of, meter: amount.Meter, epoch: meter.epoch}
		for i := range turned {
			entry.periods[i] = turned[i].id
		}
		meter.admitted = append(meter.admitted, entry)
		meter.last = now
		meter.usedAt(now)
		entries = append(entries, entry)
	}
	if admitted {
		for _, q := range questions {
			q.note(k.meter(q.limit.Meter))
		}
		k.charges++
		k.noteSecret(charge.SecretID, now)
		k.rememberPrior(charge, decision, entries, of)
	}
}

// usedAt notes when a meter was first used.
func (m *modelMeter) usedAt(at time.Time) {
	if m.first.IsZero() {
		m.first = at
	}
}

func (k *modelKey) meter(name string) *modelMeter {
	if k.meters[name] == nil {
		k.meters[name] = &modelMeter{rates: map[ration.Period]modelRate{}}
	}
	return k.meters[name]
}

// passesTotal reports whether a charge would pass the most that is ever counted.
func (k *modelKey) passesTotal(charge item) bool {
	return slices.ContainsFunc(charge.Amounts, func(amount ration.Amount) bool {
		used, reserved := k.meter(amount.Meter).sum(func(admission) bool { return true })
		return used+reserved+amount.Units > ration.MaxTotalUnits
	})
}

// sum adds up the admissions that belong.
func (m *modelMeter) sum(belongs func(admission) bool) (used, reserved int64) {
	for _, entry := range m.admitted {
		if belongs(entry) {
			used, reserved = used+entry.used(), reserved+entry.reserved()
		}
	}
	for _, entry := range m.beyond {
		if belongs(entry) {
			used += entry.used()
		}
	}
	return used, reserved
}

// turned returns the periods as they are at an instant: after its end a period
// gives way to a later one, or lasts until the end of the one that it now is.
func (m *modelMeter) turned(now time.Time, zone *time.Location) [4]running {
	periods := m.running
	for i, name := range []ration.Period{ration.PeriodHour, ration.PeriodDay, ration.PeriodWeek, ration.PeriodMonth} {
		if now.Before(periods[i].ends) {
			continue
		}
		periodID, ends := calendar(name, now, zone)
		periods[i] = running{id: max(periodID, periods[i].id), ends: ends}
	}
	return periods
}

// countIn adds up the running period, and returns its end.
func (m *modelMeter) countIn(period ration.Period, now time.Time, zone *time.Location) (used, reserved int64, ends time.Time) {
	if period == ration.PeriodLifetime {
		used, reserved = m.sum(func(entry admission) bool { return !m.resets[4].before(entry, 0) })
		return used, reserved, time.Time{}
	}
	i := slices.Index([]ration.Period{ration.PeriodHour, ration.PeriodDay, ration.PeriodWeek, ration.PeriodMonth}, period)
	running := m.turned(now, zone)[i]
	used, reserved = m.sum(func(entry admission) bool {
		return entry.periods[i] == running.id && !m.resets[i].before(entry, running.id)
	})
	return used, reserved, running.ends
}

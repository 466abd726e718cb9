package storetest

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

// testRandomly runs random histories on new keys and plans of one database,
// and compares each decision and all that was counted with the model; at most so
// many. Of the instances it replaces those that crash.
func testRandomly(t *testing.T, harness Harness, instances []Store, most int) {
	examples := limiter{most: most}
	numbers := make([]int, len(instances)) // which are drawn, because a failure prints what was drawn
	for i := range numbers {
		numbers[i] = i
	}
	rapid.Check(t, func(rt *rapid.T) {
		defer examples.note(rt)
		if examples.enough() {
			return
		}
		harness.Store = instances[0]
		m := newMachine(rt, t, harness)
		throughAny := func(step func(*rapid.T)) func(*rapid.T) {
			return func(rt *rapid.T) {
				m.f.Store = instances[rapid.SampledFrom(numbers).Draw(rt, "instance")]
				step(rt)
			}
		}
		steps := map[string]func(*rapid.T){
			"charge":    throughAny(m.charge),
			"charge 2":  throughAny(m.charge), // charges are most of what happens
			"charge 3":  throughAny(m.charge),
			"hold":      throughAny(m.hold),
			"end":       throughAny(m.end),
			"refund":    throughAny(m.refund),
			"repeat":    throughAny(m.repeat),
			"clock":     m.moveClock,
			"next end":  m.moveClockToEnd,
			"limits":    throughAny(m.changeLimits),
			"plan":      throughAny(m.changePlan),
			"plan zone": throughAny(m.changePlanZone),
			"zone":      throughAny(m.changeZone),
			"access":    throughAny(m.changeAccess),
			"overrides": throughAny(m.changeOverrides),
			"rotate":    throughAny(m.rotateSecret),
			"revoke":    throughAny(m.revokeSecret),
			"reset":     throughAny(m.resetLimits),
			"ranking":   throughAny(m.compareRanking),
			"":          m.compareUsage,
		}
		if harness.Crash != nil {
			steps["crash"] = func(rt *rapid.T) {
				i := rapid.IntRange(0, len(instances)-1).Draw(rt, "instance")
				m.f.Store = instances[i]
				m.crash(rt)
				instances[i] = m.f.Store
			}
		}
		rt.Repeat(steps)
	})
}

// limiter ends a random test after so many good examples, because each costs
// real transactions. Once one has failed it lets all pass, to find a smaller one.
type limiter struct {
	most     int
	examples int
	failed   bool
}

func (l *limiter) enough() bool { return l.examples >= l.most && !l.failed }

func (l *limiter) note(rt *rapid.T) {
	l.examples++
	l.failed = l.failed || rt.Failed()
}

// machine does the same to a store and to the model.
type machine struct {
	f     *fixture
	model *model
	keys  []ration.KeyID
	plans []string
	eve   eve
	prior prior

	owner   string       // of all keys but the witness
	witness ration.KeyID // of which batches are there after a crash
}

func newMachine(rt *rapid.T, t *testing.T, harness Harness) *machine {
	m := &machine{f: &fixture{Harness: harness, tb: rt, t: t}, model: newModel(), owner: uniqueName()}
	m.setNow(m.drawStart(rt))
	m.witness = m.f.key("")
	for range rapid.IntRange(1, 2).Draw(rt, "plans") {
		plan := m.f.planIn(m.drawZone(rt))
		m.model.plans[plan.Name] = &plan
		m.plans = append(m.plans, plan.Name)
		m.setLimits(rt, plan.Name)
	}
	for range rapid.IntRange(1, 3).Draw(rt, "keys") {
		m.createKey(rt)
	}
	return m
}

func (m *machine) createKey(rt *rapid.T) {
	plan, zone := m.drawPlan(rt), m.drawZone(rt)
	record, err := m.f.Store.CreateKey(rt.Context(), newKey(func(change *admin.KeyChange) {
		change.Key.Plan, change.Key.TimeZone, change.Key.Owner = plan, zone, m.owner
		secret := newSecret("first", change.Now)
		change.NewSecrets = []admin.NewSecret{secret}
	}))
	if err != nil {
		rt.Fatalf("creating a key: %v", err)
	}
	m.model.keys[record.ID] = &modelKey{KeyRecord: record, meters: map[string]*modelMeter{}}
	m.keys = append(m.keys, record.ID)
}

// charge sends a batch and compares each decision.
func (m *machine) charge(rt *rapid.T) { m.send(rt, m.drawCharge) }

// neverUsed makes what was never used comparable: a database may store it as the
// beginning of 1970.
func neverUsed(usage ledger.Usage) ledger.Usage {
	zero := func(t *time.Time) {
		if t.Unix() <= 0 {
			*t = time.Time{}
		}
	}
	for i := range usage {
		usage[i].Counted = ledger.HourCount{} // the hours show it, wherever it is kept
		for w := range usage[i].Windows {
			zero(&usage[i].Windows[w].EndsAt)
		}
		for r := range usage[i].Rates {
			zero(&usage[i].Rates[r].TAT)
		}
	}
	return usage
}

// compareUsage compares all that was counted.
func (m *machine) compareUsage(*rapid.T) {
	for _, id := range m.keys {
		key := m.model.keys[id]
		m.f.want("usage", neverUsed(key.usage()), neverUsed(m.f.usage(id)))
		days := m.f.days(id)
		slices.SortFunc(days, compareDays)
		m.f.want("history", key.days(), days)
		m.f.want("history by hour", key.hours(), countedHours(m.f.hours(id)))
		m.f.want("key", sorted(key.KeyRecord), sorted(m.f.stored(id)))
		m.compareReservations(key)
	}
}

// sorted puts overrides, which a store returns in any order, in one, and secrets:
// what came first is moot where the clock steps back.
func sorted(record admin.KeyRecord) admin.KeyRecord {
	record.Overrides = slices.Clone(record.Overrides)
	slices.SortFunc(record.Overrides, compareOverrides)
	record.Secrets = slices.Clone(record.Secrets)
	slices.SortFunc(record.Secrets, func(a, b ration.SecretState) int { return cmp.Compare(a.ID.String(), b.ID.String()) })
	return record
}

func compareOverrides(a, b ration.Override) int {
	return cmp.Or(cmp.Compare(a.Key().DefaultName(), b.Key().DefaultName()), a.ExpiresAt.Compare(b.ExpiresAt), a.StartsAt.Compare(b.StartsAt))
}

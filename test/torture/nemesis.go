package torture

import (
	"math/rand/v2"
	"slices"
	"time"
)

// fault is something that happens to a rig.
type fault struct {
	name, meaning string
	stores        []Store
	hold          time.Duration // how long it lasts, at most
	// strike lets it happen, and returns what ends it and says how often it has happened.
	strike func(r *rig, random *rand.Rand) (heal func() (times int), err error)
}

// nemesis lets faults happen, one after another, until its time is over.
type nemesis struct {
	rig    *rig
	random *rand.Rand
	faults []fault
	struck map[string]int // by the name of the fault
}

func (r *rig) newNemesis() *nemesis {
	m := &nemesis{rig: r, random: r.random(1 << 32), struck: make(map[string]int)}
	names, _ := Faults(r.options.Store)
	if len(r.options.Faults) > 0 {
		names = r.options.Faults
	}
	for _, f := range faults() {
		if slices.Contains(names, f.name) && (f.name != diskFull || r.options.Disk != "") {
			m.faults = append(m.faults, f)
			m.struck[f.name] = 0
		}
	}
	m.random.Shuffle(len(m.faults), func(i, j int) { m.faults[i], m.faults[j] = m.faults[j], m.faults[i] })
	return m
}

// The longest time between two faults.
const (
	mostCalm    = 1500 * time.Millisecond
	mostCounted = 300 * time.Millisecond // where they are counted
)

// rage lets faults happen for a time, or until each has happened so many times.
func (m *nemesis) rage() {
	m.rig.Helper()
	calm, until := mostCalm, m.rig.start.Add(m.rig.options.Duration)
	if m.rig.options.Times > 0 {
		calm = mostCounted
	}
	for round := 0; ; round++ {
		m.wait(calm)
		if m.rig.options.Times > 0 {
			m.awaitAdmitted()
		}
		if m.rig.options.Times == 0 && time.Now().After(until) || len(m.faults) == 0 {
			return
		}
		if m.rig.options.Times > 0 {
			if m.faults = slices.DeleteFunc(m.faults, func(f fault) bool { return m.struck[f.name] >= m.rig.options.Times }); len(m.faults) == 0 {
				return
			}
		}
		m.strike(m.choose(round))
	}
}

// Between two faults that are counted so many calls are admitted, if they are within the
// time.
const (
	leastAdmitted = 100
	mostWaited    = 10 * time.Second
)

func (m *nemesis) awaitAdmitted() {
	target := m.rig.admitted.Load() + leastAdmitted
	for deadline := time.Now().Add(mostWaited); m.rig.admitted.Load() < target && time.Now().Before(deadline); {
		time.Sleep(breath)
	}
}

// choose takes each fault once, then those that have not happened yet, and then any; every
// third one kills an instance.
func (m *nemesis) choose(round int) fault {
	drawn := m.random.IntN(len(m.faults))
	if round < len(m.faults) {
		return m.faults[round]
	}
	for _, f := range m.faults {
		if m.struck[f.name] == 0 && round%2 == 0 || f.name == Kill && round%3 == 0 {
			return f
		}
	}
	return m.faults[drawn]
}

func (m *nemesis) strike(f fault) {
	m.rig.Helper()
	heal, err := f.strike(m.rig, m.random)
	if err != nil {
		m.rig.Fatalf("%s: %v", f.name, err)
	}
	m.wait(f.hold)
	m.struck[f.name] += heal()
}

// wait waits for a random time.
func (m *nemesis) wait(most time.Duration) {
	if most > 0 {
		time.Sleep(time.Duration(m.random.Int64N(int64(most))))
	}
}

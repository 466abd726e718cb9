package torture

import (
	"math/rand/v2"
	"slices"
	"time"
)

// fault is something that happens to a rig.
type fault struct {
	name   string
	stores []Store
	hold   time.Duration // how long it lasts, at most
	// strike lets it happen, and returns what ends it, and reports whether it had anything
	// to happen to.
	strike func(r *rig, random *rand.Rand) (heal func() (happened bool), err error)
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
	for _, f := range faults() {
		wanted := len(r.options.Faults) == 0 || slices.Contains(r.options.Faults, f.name)
		if wanted && slices.Contains(f.stores, r.options.Store) {
			m.faults = append(m.faults, f)
			m.struck[f.name] = 0
		}
	}
	return m
}

// mostCalm is the longest time between two faults.
const mostCalm = 1500 * time.Millisecond

// rage returns when the time is over and every fault has ended.
func (m *nemesis) rage(until time.Time) {
	m.rig.Helper()
	m.random.Shuffle(len(m.faults), func(i, j int) { m.faults[i], m.faults[j] = m.faults[j], m.faults[i] })
	for round := 0; ; round++ {
		m.wait(mostCalm)
		if time.Now().After(until) || len(m.faults) == 0 {
			return
		}
		m.strike(m.choose(round))
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
		if m.struck[f.name] == 0 && round%2 == 0 || f.name == Killed && round%3 == 0 {
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
	if heal() {
		m.struck[f.name]++
	}
}

// wait waits for a random time.
func (m *nemesis) wait(most time.Duration) {
	if most > 0 {
		time.Sleep(time.Duration(m.random.Int64N(int64(most))))
	}
}

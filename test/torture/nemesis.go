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
	// strike lets it happen, and returns what ends it; nil: it is over.
	strike func(r *rig, random *rand.Rand) (heal func(), err error)
	hold   time.Duration // how long it lasts, at most
}

// faults are all that there are.
func faults() []fault {
	both, postgres := []Store{SQLite, Postgres}, []Store{Postgres}
	_ = postgres
	return []fault{
		{name: killed, stores: both, strike: killInstance},
		{name: "an instance stands still", stores: both, strike: freezeInstance, hold: 2 * time.Second},
	}
}

// killed names the fault that the line counts.
const killed = "kill -9 of an instance"

func killInstance(r *rig, random *rand.Rand) (func(), error) {
	n := r.nodes[random.IntN(len(r.nodes))]
	n.Kill()
	return func() {
		n.Start()
		n.AwaitReady()
	}, nil
}

func freezeInstance(r *rig, random *rand.Rand) (func(), error) {
	n := r.nodes[random.IntN(len(r.nodes))]
	n.Freeze()
	return n.Thaw, nil
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

const (
	mostCalm = 2 * time.Second // between two faults
)

// rage returns when the time is over and every fault has ended.
func (m *nemesis) rage(until time.Time) {
	m.rig.Helper()
	for round := 0; ; round++ {
		m.wait(mostCalm)
		if time.Now().After(until) || len(m.faults) == 0 {
			return
		}
		m.strike(m.choose(round))
	}
}

// choose takes each fault once, in an order of its own, and then any.
func (m *nemesis) choose(round int) fault {
	if round == 0 {
		m.random.Shuffle(len(m.faults), func(i, j int) { m.faults[i], m.faults[j] = m.faults[j], m.faults[i] })
	}
	if round < len(m.faults) {
		return m.faults[round]
	}
	return m.faults[m.random.IntN(len(m.faults))]
}

func (m *nemesis) strike(f fault) {
	m.rig.Helper()
	heal, err := f.strike(m.rig, m.random)
	if err != nil {
		m.rig.Fatalf("%s: %v", f.name, err)
	}
	m.struck[f.name]++
	if heal != nil {
		m.wait(f.hold)
		heal()
	}
}

// wait waits for a random time.
func (m *nemesis) wait(most time.Duration) {
	if most > 0 {
		time.Sleep(time.Duration(m.random.Int64N(int64(most))))
	}
}

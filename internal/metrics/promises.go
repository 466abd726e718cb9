package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/ration-dev/ration/observe"
)

// Settings that weaken a promise, beside what stores tell of.
const (
	WeakenedFailOpen = "fail_open" // of a route
	WeakenedOverage  = "overage"   // settlements may count more than a limit has left
)

// promises tells which promises are weakened.
type promises struct {
	observe.Nobody // of what is not told here

	weakened *prometheus.GaugeVec
}

func newPromises(weakened []string) promises {
	p := promises{weakened: gaugeVec("promise_weakened", "1 while a promise is weakened, by what weakens it: a setting in use, or a state of the database.", "what")}
	for _, what := range []string{WeakenedFailOpen, WeakenedOverage, observe.WeaknessUnsafeDurability, observe.WeaknessStandbyAway} {
		p.weakened.WithLabelValues(what)
	}
	for _, what := range weakened {
		p.weakened.WithLabelValues(what).Set(1)
	}
	return p
}

func (p *promises) all() []prometheus.Collector { return []prometheus.Collector{p.weakened} }

// WeaknessChanged implements [observe.Observer].
func (p *promises) WeaknessChanged(weakness observe.Weakness) {
	value := 0.0
	if weakness.Active {
		value = 1
	}
	p.weakened.WithLabelValues(weakness.What).Set(value)
}

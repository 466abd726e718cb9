package cli

import "github.com/ration-dev/ration/observe"

// observers are told of everything, one after the other.
type observers []observe.Observer

var _ observe.Observer = observers(nil)

// BatchEnded implements [observe.Observer].
func (all observers) BatchEnded(event observe.Batch) {
	for _, one := range all {
		one.BatchEnded(event)
	}
}

// Retried implements [observe.Observer].
func (all observers) Retried(event observe.Retry) {
	for _, one := range all {
		one.Retried(event)
	}
}

// CommitResolved implements [observe.Observer].
func (all observers) CommitResolved(event observe.Resolution) {
	for _, one := range all {
		one.CommitResolved(event)
	}
}

// Purged implements [observe.Observer].
func (all observers) Purged(event observe.Purge) {
	for _, one := range all {
		one.Purged(event)
	}
}

// WeaknessChanged implements [observe.Observer].
func (all observers) WeaknessChanged(event observe.Weakness) {
	for _, one := range all {
		one.WeaknessChanged(event)
	}
}

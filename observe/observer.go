package observe

// Observer is told what parts of Ration do. Its methods are called concurrently, on the
// goroutines that do the work: they must return at once, and must not call whatever
// reports to them. An event is a value; an Observer may keep it. Embed [Nobody], so that
// methods that are added later are there.
type Observer interface {
	BatchEnded(Batch)
	Retried(Retry)
	CommitResolved(Resolution)
	Purged(Purge)
	WeaknessChanged(Weakness)
}

// Nobody is an Observer that does nothing.
type Nobody struct{}

var _ Observer = Nobody{}

// BatchEnded implements [Observer].
func (Nobody) BatchEnded(Batch) {}

// Retried implements [Observer].
func (Nobody) Retried(Retry) {}

// CommitResolved implements [Observer].
func (Nobody) CommitResolved(Resolution) {}

// Purged implements [Observer].
func (Nobody) Purged(Purge) {}

// WeaknessChanged implements [Observer].
func (Nobody) WeaknessChanged(Weakness) {}

// OrNobody returns an Observer, or [Nobody] where there is none.
func OrNobody(o Observer) Observer {
	if o == nil {
		return Nobody{}
	}
	return o
}

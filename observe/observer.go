package observe

// Observer is told what the engine and the stores do. Its methods are called
// concurrently, by the goroutines that do the work. So they must return at once, and
// must not call the engine or store that reports to them. An event is a value, and an
// Observer may keep it. Embed [Nobody] in an Observer: methods may be added to this
// interface later.
type Observer interface {
	BatchEnded(Batch)
	Retried(Retry)
	CommitResolved(Resolution)
	Purged(Purge)
	WeaknessChanged(Weakness)
}

// Nobody is an [Observer] that does nothing.
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

// OrNobody returns o, or [Nobody] if o is nil.
func OrNobody(o Observer) Observer {
	if o == nil {
		return Nobody{}
	}
	return o
}

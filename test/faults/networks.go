package faults

import "time"

// BlackHole swallows what goes either way. It needs a rig with a wire, as all that
// follow.
func BlackHole(hold time.Duration) Fault {
	return onWire("black hole", Outage, hold, func(r *Rig) { r.Wire.BlackHole() })
}

// Forgotten is a black hole that ends for new connections alone.
func Forgotten(hold time.Duration) Fault {
	f := onWire("forgotten connections", Outage, hold, func(r *Rig) { r.Wire.BlackHole() })
	f.Heal = func(r *Rig) error { r.Wire.Forget(); return nil }
	f.After = func(r *Rig) { r.Wire.Heal() } // the server would keep its ends for hours
	return f
}

// AnswersLost swallows what the server sends: it does what it is asked to, and
// nobody learns of it.
func AnswersLost(hold time.Duration) Fault {
	return onWire("answers lost", Outage, hold, func(r *Rig) { r.Wire.SwallowAnswers() })
}

// Refused is a server that is no longer there.
func Refused() Fault {
	return onWire("refused", Outage, 0, func(r *Rig) { r.Wire.Refuse(); r.Wire.BreakAll() })
}

// Reset breaks all connections once.
func Reset() Fault {
	return onWire("reset", Unnoticed, 0, func(r *Rig) { r.Wire.BreakAll() })
}

// Slow is a server that answers so much later.
func Slow(by, hold time.Duration) Fault {
	return onWire("slow by "+by.String(), Slowness, hold, func(r *Rig) { r.Wire.Delay(by / 2) })
}

func onWire(name string, effect Effect, hold time.Duration, begin func(*Rig)) Fault {
	return Fault{
		Name: name, Effect: effect, Hold: hold,
		Break: func(r *Rig) error { begin(r); return nil },
		Heal:  func(r *Rig) error { r.Wire.Heal(); return nil },
	}
}

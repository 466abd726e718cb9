package faults

import "time"

// Networks are the faults of the way to the server, each held so long. They need
// a rig with a wire.
func Networks(hold time.Duration) []Fault {
	return []Fault{
		onWire("black hole", Outage, hold, func(r *Rig) { r.Wire.BlackHole() }),
		onWire("answers lost", Outage, hold, func(r *Rig) { r.Wire.SwallowAnswers() }),
		onWire("refused", Outage, 0, func(r *Rig) { r.Wire.Refuse(); r.Wire.BreakAll() }),
		onWire("reset", Unnoticed, 0, func(r *Rig) { r.Wire.BreakAll() }),
	}
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

package faults

import (
	"context"
	"errors"
	"time"
)

// BlackHole swallows what goes either way. It needs a rig with a wire, as all that
// follow.
func BlackHole(hold time.Duration) Fault {
	return onWire("black hole", Outage, hold, func(r *Rig) { r.Wire.BlackHole() })
}

// Forgotten is a black hole that ends for new connections alone.
func Forgotten(hold time.Duration) Fault {
	f := onWire("forgotten connections", Outage, hold, func(r *Rig) { r.Wire.BlackHole() })
	f.Heal = func(r *Rig) error { r.Wire.Forget(); return r.awaitForgotten() }
	f.After = func(r *Rig) { r.Wire.Heal() } // the server would keep its ends for hours
	return f
}

// keepalive is how long the server takes at most to find out that a client has gone:
// what the instances set for its TCP keepalives, and a second.
const keepalive = (3 + 3*1 + 1) * time.Second

// awaitForgotten returns when the server has rolled back what connections began that it
// doesn't know to be dead: until it does, their keys can't be used by anybody. That takes
// as long as a transaction may idle. Where a request was cut off in its midst, the server
// waits for the rest instead, until its keepalives end the connection. The wire answers
// those in the client's place, so that it has to end the connection itself.
func (r *Rig) awaitForgotten() error {
	ctx, cancel := context.WithTimeout(context.Background(), giveUp)
	defer cancel()
	conn, err := r.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var forgotten time.Time
	if err := conn.QueryRow(ctx, "SELECT now()").Scan(&forgotten); err != nil {
		return err
	}
	gone := false
	look := func() bool {
		err = conn.QueryRow(ctx, `SELECT NOT EXISTS (SELECT FROM pg_stat_activity
			WHERE datname = current_database() AND backend_start < $1 AND xact_start < $1 AND pid <> pg_backend_pid())`, forgotten).Scan(&gone)
		return gone || err != nil
	}
	if !within(keepalive, look) {
		r.Wire.Heal()
		within(giveUp, look)
	}
	if err == nil && !gone {
		err = errors.New("the server keeps transactions of connections that are dead")
	}
	return err
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

package torture

import "fmt"

// bounds returns the least and the most that a key's operations may leave as used or
// reserved, apart from failing calls.
func (e *Evidence) bounds(s *Subject) (least, most int64) {
	for _, charge := range e.effects(s) {
		l, m := charge.bounds()
		least, most = least+l, most+m
	}
	return least, most
}

// effects returns what each charge of a key may leave, apart from failing calls.
func (e *Evidence) effects(s *Subject) (effects []*effect) {
	charges := make(map[string]*effect)
	for i := range s.Operations {
		op := &s.Operations[i]
		switch op.Kind {
		case Charge, Call, Reserve:
			id := op.ID
			if id == "" {
				id = fmt.Sprint("#", i)
			}
			if charges[id] == nil {
				charges[id] = &effect{units: op.Units}
				if op.Kind == Reserve {
					charges[id].hold = e.holdOf(op)
				}
				effects = append(effects, charges[id])
			}
			switch {
			case op.Outcome == Done && !op.Replayed:
				charges[id].dates = e.dates(s, op)
			case op.Outcome == Unknown && !charges[id].sure:
				charges[id].dates = charges[id].dates.join(e.dates(s, op))
			}
			charges[id].sure = charges[id].sure || op.Outcome == Done
			charges[id].maybe = charges[id].maybe || op.Outcome == Unknown
		}
	}
	for i := range s.Operations {
		op := &s.Operations[i]
		if charge := charges[op.ID]; charge != nil {
			charge.become(op, e.wasAhead(op))
		}
	}
	return effects
}

// effect is what one charge may leave.
type effect struct {
	units       int64
	dates       dates // to one of which it went
	hold        holding
	sure, maybe bool    // it was charged; it may have been
	expired     bool    // and so gave back what it held, if nothing else became of it
	released    bool    // it gives back what it held, if it expires
	surely      *int64  // what it left in the end
	perhaps     []int64 // what it may have left
}

// become takes in what became of the charge.
func (e *effect) become(op *Operation, wasAhead bool) {
	switch {
	case op.Kind == Expire && wasAhead: // it may not have expired yet, by a clock that was set right
		e.perhaps, e.released = append(e.perhaps, 0), true
	case op.Kind == Expire:
		e.expired, e.released = true, true
	case op.Kind != Settle && op.Kind != Void: // a void has 0 units
	case op.Outcome == Unknown:
		e.perhaps = append(e.perhaps, op.Units)
	case op.Outcome == Done:
		e.surely, e.sure = &op.Units, true
	}
}

// used returns the least and the most that a charge leaves as used: bounds, without what a
// reservation still holds.
func (e *effect) used() (least, most int64) {
	if e.hold == "" || e.surely != nil || !e.sure && !e.maybe {
		return e.bounds()
	}
	switch {
	case e.hold == expires && !e.released:
		least, most = e.units, e.units
	case e.hold == mayExpire && !e.released:
		most = e.units
	}
	for _, left := range e.perhaps {
		least, most = min(least, left), max(most, left)
	}
	if !e.sure {
		least = 0
	}
	return least, most
}

// holding says how long a reservation holds its units, if nothing ends it.
type holding string

const (
	holds     holding = "holds" // for longer than the run
	expires   holding = "expires"
	mayExpire holding = "may expire" // for the clock was set back
)

func (e *Evidence) holdOf(op *Operation) holding {
	switch {
	case !op.Expires:
		return holds
	case e.wasAhead(op):
		return mayExpire
	}
	return expires
}

func (e *effect) bounds() (least, most int64) {
	switch {
	case e.surely != nil:
		return *e.surely, *e.surely
	case !e.sure && !e.maybe:
		return 0, 0
	}
	least, most = e.units, e.units
	if e.expired {
		least, most = 0, 0
	}
	for _, left := range e.perhaps {
		least, most = min(least, left), max(most, left)
	}
	if !e.sure {
		least = 0
	}
	return least, most
}

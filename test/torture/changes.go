package torture

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/client"
)

// anything does one of all things that can be done with a key.
func (w *workload) anything(n *node, s *Subject, random *rand.Rand) Outcome {
	choice := random.IntN(100)
	if past := w.rig.now().Sub(s.turn.at); s.Calendar && choice >= 45 && choice < 72 {
		switch {
		case w.isLate(s) && s.slow.Load() < mostSlow:
			return w.fail(n, s, random) // for the next day
		case past > 0 && past < nearMidnight:
			return w.end(n, s, random) // of the day before
		}
	}
	switch {
	case choice < 45:
		return w.charge(n, s, 1+random.Int64N(4), "", w.drawPatience(random))
	case choice < 57:
		return w.chargeAgain(n, s, random)
	case choice < 72:
		return w.reserve(n, s, 1+random.Int64N(6), random)
	case choice < 84:
		return w.end(n, s, random)
	case choice < 92:
		return w.fail(n, s, random)
	default:
		return w.change(n, s, random)
	}
}

// chargeAgain sends one charge several times, to any instance.
func (w *workload) chargeAgain(n *node, s *Subject, random *rand.Rand) (outcome Outcome) {
	key, units := uuid.NewString(), 1+random.Int64N(4)
	for range 2 + random.IntN(2) {
		outcome = w.charge(n, s, units, key, patience)
		n = w.rig.nodes[random.IntN(len(w.rig.nodes))]
	}
	return outcome
}

// change is what an administrator does.
func (w *workload) change(n *node, s *Subject, random *rand.Rand) Outcome {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	kind, units := SetLimit, 20+random.Int64N(200)
	switch choice := random.IntN(20); {
	case choice < 3:
		kind = Reset
	case choice < 6:
		kind = Rotate
	case choice == 6:
		kind = Revoke
	}
	if kind != SetLimit {
		units = 0
	}
	op, _ := w.asked(s, kind, units, "")
	var err error
	var issued api.IssuedSecret
	switch kind {
	case SetLimit:
		limit := fmt.Sprintf(s.form, units)
		if s.plan != "" {
			_, err = n.admin.UpdatePlan(ctx, s.plan, client.AnyVersion, api.PlanPatch{SetLimits: []string{limit}})
			break
		}
		_, err = n.admin.UpdateKey(ctx, s.Key, client.AnyVersion, api.KeyPatch{SetLimits: []api.NewOverride{{Limit: limit}}})
	case Reset:
		_, err = n.admin.ResetKey(ctx, s.Key, api.KeyResetRequest{Reason: "torture"})
	case Rotate:
		s.rotating.Lock() // or nobody would know which secret is the last
		defer s.rotating.Unlock()
		op.Secret = s.rotations // whoever gets no answer doesn't know whether this one was made
		s.rotations++
		op.Called = time.Since(w.rig.start)
		issued, err = n.admin.RotateKey(ctx, s.Key, api.KeyRotation{})
	case Revoke:
		_, err = n.admin.RevokeKey(ctx, s.Key)
	}
	op.Returned = time.Since(w.rig.start)
	if op.Outcome = Done; err != nil {
		op.Outcome = w.outcomeOf(&op, err)
	}
	if kind == Rotate && op.Outcome == Done {
		s.mu.Lock()
		s.secret, s.version = issued.Secret, op.Secret+1
		s.mu.Unlock()
	}
	s.note(op)
	if op.Outcome == Done {
		w.saw(map[bool]string{true: sawRevoke, false: sawAdmin}[kind == Revoke])
	}
	return op.Outcome
}

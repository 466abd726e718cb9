package storetest

import (
	"context"
	"errors"

	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
)

// crash sends a batch to an instance that crashes. Afterwards all of the batch is
// there or nothing: all if it was answered, nothing if the answer was that nothing
// was charged. A key that is never refused tells which.
func (m *machine) crash(rt *rapid.T) {
	charges := m.drawBatch(rt, m.drawNew)
	witness := normal(m.f, chargeOf(m.witness))
	seen := m.f.meter(m.witness, ration.MeterRequests).Used
	var got []ration.Decision
	var err error
	point := rapid.Uint64Range(0, 999).Draw(rt, "point")
	m.f.Store = m.f.Crash(m.f.t, m.f.Store, point, func(ctx context.Context, store Store) {
		got, err = store.Charge(ctx, testbatch.AsIs(append(charges[:len(charges):len(charges)], witness)...))
	})
	committed := m.f.meter(m.witness, ration.MeterRequests).Used > seen
	answered := err == nil
	switch {
	case answered && !committed:
		rt.Fatal("a batch that was answered is gone")
	case committed && !answered && !errors.Is(err, ration.ErrOutcomeUnknown):
		rt.Fatalf("a batch is there although it was said not to be: %v", err)
	}
	var want []ration.Decision
	if committed {
		want = m.model.batch(charges, m.f.now)
	}
	for i, charge := range charges {
		var decision ration.Decision // of which nobody has got a receipt, but all may be asked for again
		if answered {
			decision = got[i]
			m.f.want("decision", want[i], unsealed(decision))
		}
		m.prior.note(charge, decision)
	}
}

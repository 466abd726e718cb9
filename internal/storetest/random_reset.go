package storetest

import (
	"errors"
	"slices"

	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// resetLimits resets limits of a key: all of them, those of a meter or one.
func (m *machine) resetLimits(rt *rapid.T) {
	key := m.drawKey(rt)
	limits := m.model.limits(key, m.f.now)
	reset := admin.KeyReset{ID: key.ID, Reason: "test"}
	if len(limits) > 0 {
		one := rapid.SampledFrom(limits).Draw(rt, "limit")
		switch rapid.IntRange(0, 2).Draw(rt, "which") {
		case 0:
			reset.Meter = one.Meter
			limits = slices.DeleteFunc(slices.Clone(limits), func(l ration.Limit) bool { return l.Meter != one.Meter })
		case 1:
			reset.Limits = []string{one.Name}
			limits = []ration.Limit{one}
		}
	}
	_, err := m.f.doctor().ResetKey(rt.Context(), "test", reset)
	if refused := len(limits) == 0 || key.Status == ration.StatusRevoked; refused {
		if !errors.Is(err, ration.ErrConflict) {
			rt.Fatalf("resetting %s: %v, want a conflict", key.ID, err)
		}
		return
	}
	if err != nil {
		rt.Fatalf("resetting %s: %v", key.ID, err)
	}
	for name, meter := range key.meters {
		if name == ration.MeterRequests || len(meter.admitted)+len(meter.beyond)+len(meter.denied) > 0 {
			own := slices.DeleteFunc(slices.Clone(limits), func(l ration.Limit) bool { return l.Meter != name })
			meter.reset(own, m.f.now, m.model.zone(key, m.f.now))
		}
	}
}

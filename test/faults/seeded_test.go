package faults_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/test/faults"
)

// seeded is a store with a mistake, which the checkers must find.
type seeded struct {
	ration.Store
	mistake *atomic.Pointer[mistake]
}

type mistake struct {
	name   string
	finds  string // part of the violation
	fault  faults.Fault
	charge func(s ration.Store, ctx context.Context, batch ration.Batch) ([]ration.Decision, error)
}

func (s seeded) Charge(ctx context.Context, batch ration.Batch) ([]ration.Decision, error) {
	return s.mistake.Load().charge(s.Store, ctx, batch)
}

// TestCheckersFindMistakes proves that the other tests of this package can fail.
func TestCheckersFindMistakes(t *testing.T) {
	var current atomic.Pointer[mistake]
	none := &mistake{charge: ration.Store.Charge}
	current.Store(none)
	rig := faults.NewRig(t, faults.Setup{Wire: true, Patience: 2 * time.Second, Wrap: func(s ration.Store) ration.Store { return seeded{s, &current} }})
	for _, m := range mistakes(t) {
		t.Run(m.name, func(t *testing.T) {
			rig.NewKeys()
			current.Store(m)
			defer current.Store(none)
			report, err := rig.Cycle(m.fault)
			if err != nil {
				t.Fatal(err)
			}
			found := report.Violations()
			if !slices.ContainsFunc(found, func(v string) bool { return strings.Contains(v, m.finds) }) {
				t.Errorf("found %q, want %q among it: %s", found, m.finds, report)
			}
		})
	}
}

// calm is a fault that is none.
var calm = faults.Fault{
	Name: "calm", Effect: faults.Unnoticed,
	Break: func(*faults.Rig) error { return nil },
	Heal:  func(*faults.Rig) error { return nil },
}

// outage is a server that is away, and known to be. It begins when no call is
// under way: one that waits for the server as long as its callers do would keep
// the mistake from showing.
type outage struct {
	mu   sync.RWMutex // a call holds it shared
	now  bool         // it holds
	ever bool         // it has begun
}

func (o *outage) fault() faults.Fault {
	away := faults.Refused()
	begin, heal := away.Break, away.Heal
	away.Break = func(r *faults.Rig) error {
		o.turn(true)
		return begin(r)
	}
	away.Heal = func(r *faults.Rig) error {
		o.turn(false)
		return heal(r)
	}
	return away
}

func (o *outage) turn(now bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now, o.ever = now, o.ever || now
}

// unless makes a store that does something else if the outage says so.
func (o *outage) unless(wrong func() bool, instead func(ration.Batch) ([]ration.Decision, error)) func(ration.Store, context.Context, ration.Batch) ([]ration.Decision, error) {
	return func(s ration.Store, ctx context.Context, batch ration.Batch) ([]ration.Decision, error) {
		o.mu.RLock()
		defer o.mu.RUnlock()
		if wrong() {
			return instead(batch)
		}
		return s.Charge(ctx, batch)
	}
}

func (o *outage) holds() bool    { return o.now }
func (o *outage) hasBegun() bool { return o.ever }

func mistakes(t *testing.T) []*mistake {
	var batches atomic.Int64
	var admitting, staying, leaking outage
	return []*mistake{
		{"answers without charging", "but only", calm, func(s ration.Store, ctx context.Context, batch ration.Batch) ([]ration.Decision, error) {
			if batches.Add(1)%20 == 0 {
				return admitAll(batch), nil
			}
			return s.Charge(ctx, batch)
		}},
		{"charges twice", "recorded but only", calm, func(s ration.Store, ctx context.Context, batch ration.Batch) ([]ration.Decision, error) {
			decisions, err := s.Charge(ctx, batch)
			if batches.Add(1)%20 == 0 && err == nil {
				again := batch
				again.ID = uuid.New()
				_, _ = s.Charge(ctx, again)
			}
			return decisions, err
		}},
		{"says that nothing was charged although it was", "recorded but only", calm, func(s ration.Store, ctx context.Context, batch ration.Batch) ([]ration.Decision, error) {
			decisions, err := s.Charge(ctx, batch)
			if batches.Add(1)%50 == 0 {
				return nil, ration.ErrStoreUnavailable
			}
			return decisions, err
		}},
		{"admits while the server is away", "admitted while nothing could be recorded", admitting.fault(), admitting.unless(admitting.holds, func(batch ration.Batch) ([]ration.Decision, error) {
			return admitAll(batch), nil
		})},
		{"never comes back", "not every instance had decided again", staying.fault(), staying.unless(staying.hasBegun, func(ration.Batch) ([]ration.Decision, error) {
			return nil, ration.ErrStoreUnavailable
		})},
		{"keeps a goroutine and a file of every failure", "resources were not given back", leaking.fault(), leaking.unless(leaking.holds, func(ration.Batch) ([]ration.Decision, error) {
			leak(t)
			return nil, ration.ErrStoreUnavailable
		})},
	}
}

func admitAll(batch ration.Batch) []ration.Decision {
	decisions := make([]ration.Decision, len(batch.Items))
	for i := range decisions {
		decisions[i].Code = ration.CodeOK
	}
	return decisions
}

// leak takes what it gives back only when the test ends.
func leak(t *testing.T) {
	file, err := os.Open(os.DevNull)
	if err != nil {
		return
	}
	end := make(chan struct{})
	go func() { <-end; _ = file.Close() }()
	t.Cleanup(func() { close(end) })
}

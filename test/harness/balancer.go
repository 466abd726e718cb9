package harness

import (
	"context"
	"sync/atomic"
	"testing"
	"time"
)

const (
	// pollEvery is how often a balancer asks for readiness; instances that are
	// restarted behind one need a longer --shutdown-delay.
	pollEvery = 20 * time.Millisecond
	// tries is how often a balancer sends a call that reached nobody.
	tries = 10
)

// Balancer spreads calls over the instances that say they are ready, and sends
// those again that for certain had no effect, as load balancers do.
type Balancer struct {
	client   *Client
	backends []*backend
	turn     atomic.Uint32
}

type backend struct {
	instance *Instance
	ready    atomic.Bool
}

// NewBalancer makes a balancer that works until the test ends.
func NewBalancer(t *testing.T, fleet []*Instance) *Balancer {
	t.Helper()
	b := &Balancer{client: NewClient()}
	for _, instance := range fleet {
		backend := &backend{instance: instance}
		b.backends = append(b.backends, backend)
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			backend.poll(t.Context())
		}()
		t.Cleanup(func() { <-stopped }) // the context ends before
	}
	return b
}

// Call sends one request to an instance that is ready. It returns Unsent if none
// took it.
func (b *Balancer) Call(ctx context.Context, path, secret string) Outcome {
	for range tries {
		chosen := b.choose()
		if chosen == nil {
			return Unsent
		}
		if outcome := b.client.Call(ctx, chosen.instance.ProxyURL+path, secret); outcome != Unsent && outcome != Refused {
			return outcome
		}
	}
	return Unsent
}

// AwaitReady waits until so many instances get calls.
func (b *Balancer) AwaitReady(want int) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for b.ready() < want {
		<-tick.C
	}
}

// choose returns the next backend that is ready, or nil.
func (b *Balancer) choose() *backend {
	for range b.backends {
		if next := b.backends[int(b.turn.Add(1))%len(b.backends)]; next.ready.Load() {
			return next
		}
	}
	return nil
}

func (b *Balancer) ready() (count int) {
	for _, backend := range b.backends {
		if backend.ready.Load() {
			count++
		}
	}
	return count
}

func (b *backend) poll(ctx context.Context) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		b.ready.Store(b.instance.ready(ctx))
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

package e2e_test

import (
	"context"
	"sync"
	"testing"

	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/test/harness"
)

const rollingClients = 12

func TestRollingRestartsFailNoCall(t *testing.T) {
	const limit, between = 400, 100
	db, upstream := testdb.Postgres(t), harness.NewUpstream(t)
	harness.CLI(t, db, "migrate")
	free, limited := harness.CreateKey(t, db), harness.CreateKey(t, db, "--limit", "400/lifetime")
	fleet := make([]*harness.Instance, 3)
	for i := range fleet {
		fleet[i] = harness.NewInstance(t, db, upstream.URL, "--shutdown-delay", "500ms")
		fleet[i].Start()
	}
	balancer := harness.NewBalancer(t, fleet)
	balancer.AwaitReady(len(fleet))

	clients := startClients(rollingClients, func(n int) (string, harness.Outcome) {
		key := []harness.Key{free, free, limited}[n%3]
		return key.ID, balancer.Call(context.Background(), "/", key.Secret)
	})
	for restart := range restarts {
		clients.awaitAdmitted(between)
		instance := fleet[restart%len(fleet)]
		if code := instance.Stop(); code != 0 {
			t.Errorf("SIGTERM: exit code %d", code)
		}
		instance.Start()
		instance.AwaitReady()
		balancer.AwaitReady(len(fleet))
	}
	clients.awaitAdmitted(between)
	clients.stop()

	for _, key := range []harness.Key{free, limited} {
		clients.judge(t, db, upstream, key)
	}
	if got := clients.tallies[limited.ID]; got[harness.Admitted] != limit || got[harness.Denied] == 0 {
		t.Errorf("of a limit of %d, %d were admitted and %d denied", limit, got[harness.Admitted], got[harness.Denied])
	}
}

// clients call until they are stopped or a call reaches nobody.
type clients struct {
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu       sync.Mutex
	changed  *sync.Cond
	admitted int
	tallies  map[string]harness.Tally // by key id
}

// startClients starts so many; call gets the number of the call.
func startClients(count int, call func(n int) (keyID string, outcome harness.Outcome)) *clients {
	ctx, cancel := context.WithCancel(context.Background())
	c := &clients{cancel: cancel, tallies: make(map[string]harness.Tally)}
	c.changed = sync.NewCond(&c.mu)
	for client := range count {
		c.running.Go(func() {
			for n := client; ctx.Err() == nil; n++ {
				id, outcome := call(n)
				c.note(id, outcome)
				if outcome == harness.Unsent {
					return
				}
			}
		})
	}
	return c
}

func (c *clients) note(id string, outcome harness.Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	tally := c.tallies[id]
	tally[outcome]++
	c.tallies[id] = tally
	if outcome == harness.Admitted {
		c.admitted++
		c.changed.Broadcast()
	}
}

// awaitAdmitted waits until so many more calls were admitted.
func (c *clients) awaitAdmitted(more int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for target := c.admitted + more; c.admitted < target; {
		c.changed.Wait()
	}
}

func (c *clients) stop() {
	c.cancel()
	c.running.Wait()
}

// judge checks that every call of a key had an answer, and that exactly those
// were recorded that were admitted.
func (c *clients) judge(t *testing.T, db string, upstream *harness.Upstream, key harness.Key) {
	t.Helper()
	tally, recorded, seen := c.tallies[key.ID], harness.Used(t, db, key.ID), upstream.Seen(key.ID)
	t.Logf("%d admitted, %d denied, %d recorded", tally[harness.Admitted], tally[harness.Denied], recorded)
	if failed := tally[harness.Unknown] + tally[harness.Unsent] + tally[harness.Refused]; failed > 0 {
		t.Errorf("%d calls failed: %v", failed, tally)
	}
	if recorded != tally[harness.Admitted] || seen != recorded {
		t.Errorf("%d admitted, %d seen by the upstream, %d recorded", tally[harness.Admitted], seen, recorded)
	}
}

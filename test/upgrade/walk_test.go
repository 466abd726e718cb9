package upgrade_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ration-dev/ration/test/harness"
)

const (
	callers     = 8
	perTurn     = 60 // calls of each key in a turn
	quota       = 150
	lasting     = 40
	temporary   = 100
	failsOfTurn = 6
	refundable  = 10 // of failing's 100 a day
)

// walk is one database under builds of two schemas, in turn or side by side.
type walk struct {
	t            *testing.T
	db, token    string
	former, this harness.Build
	upstream     *harness.Upstream
	client       *harness.Client
	fleet        []*harness.Instance
	newest       harness.Build // of those that serve
	turns        int

	limited, raised, failing harness.Key
	reserved                 *reservations

	mu      sync.Mutex
	tallies map[string]harness.Tally // by key id
}

// newWalk makes a database with the former build's schema and its keys.
func newWalk(t *testing.T, db string) *walk {
	t.Helper()
	w := &walk{
		t: t, db: db, former: former(t), this: harness.ThisBuild(t),
		upstream: harness.NewUpstream(t), client: harness.NewClient(), tallies: make(map[string]harness.Tally),
	}
	w.former.CLI(t, db, "migrate")
	w.former.CLI(t, db, "plans", "create", "daily", "--limit", "150/day", "--time-zone", harness.NoonZone())
	w.limited = w.former.CreateKey(t, db, "--plan", "daily")
	w.raised = w.former.CreateKey(t, db, "--plan", "daily", "--limit", "40/day")
	w.failing = w.former.CreateKey(t, db, "--plan", "daily", "--limit", "100/day")
	w.token = strings.TrimSpace(w.former.CLI(t, db, "tokens", "create", "walk", "--scope", "verify", "-q"))
	w.reserved = newReservations(w)
	return w
}

// serve starts one more instance.
func (w *walk) serve(build harness.Build) {
	w.t.Helper()
	instance := harness.NewInstance(w.t, w.db, w.upstream.URL, "--request-log-days", "7")
	instance.Use(build)
	instance.Start()
	instance.AwaitReady()
	w.fleet, w.newest = append(w.fleet, instance), build
}

// stop stops all instances.
func (w *walk) stop() {
	w.t.Helper()
	for _, instance := range w.fleet {
		if code := instance.Stop(); code != 0 {
			w.t.Errorf("SIGTERM: exit code %d", code)
		}
	}
	w.fleet = nil
}

// turn sends so many calls of each kind through all instances at once, and changes
// keys meanwhile with the newest build that serves.
func (w *walk) turn() {
	w.t.Helper()
	w.turns++
	var running sync.WaitGroup
	running.Go(func() { w.call(w.limited, "/", perTurn) })
	running.Go(func() { w.call(w.raised, "/", perTurn) })
	running.Go(func() { w.call(w.failing, "/fail", failsOfTurn) })
	running.Go(w.reserved.turn)
	w.change()
	running.Wait()
}

// change has this source's build raise a limit for a time, above the lasting one. The
// former build, which knows nothing of the lasting one then, writes the key anew.
func (w *walk) change() {
	w.t.Helper()
	if w.newest == w.this {
		w.this.CLI(w.t, w.db, "keys", "update", w.raised.ID, "--limit", "100/day", "--until", time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
		return
	}
	w.former.CLI(w.t, w.db, "keys", "update", w.raised.ID, "--name", "renamed")
}

// call sends so many calls, spread over the instances.
func (w *walk) call(key harness.Key, path string, count int) {
	var running sync.WaitGroup
	for caller := range callers {
		running.Go(func() {
			for n := caller; n < count; n += callers {
				outcome := w.client.Call(context.Background(), w.fleet[n/callers%len(w.fleet)].ProxyURL+path, key.Secret)
				w.mu.Lock()
				tally := w.tallies[key.ID]
				tally[outcome]++
				w.tallies[key.ID] = tally
				w.mu.Unlock()
			}
		})
	}
	running.Wait()
}

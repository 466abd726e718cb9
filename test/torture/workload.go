package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/client"
	"github.com/ration-dev/ration/test/harness"
)

const (
	callers  = 16
	hotKeys  = 2
	hotLimit = 1_000_000_000
	// patience is how long a caller waits: longer than an instance does, so that it
	// learns what the instance knows.
	patience = 8 * time.Second
	// breath is how long a caller waits that was refused: a fault is no reason to spin.
	breath = 10 * time.Millisecond
)

// workload is clients that call until they are stopped, each with choices of its own.
type workload struct {
	rig     *rig
	start   time.Time
	proxy   *harness.Client
	cancel  context.CancelFunc
	running sync.WaitGroup
	admits  atomic.Int64

	mu       sync.Mutex
	subjects []*Subject // all that there ever were
	hot      []*Subject // used throughout
	open     []*Subject // used until they have been called often enough
	faults   []error    // answers that must not be
}

// newHTTP makes what sends the calls of one instance.
func newHTTP() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}, Timeout: patience}
}

func (r *rig) startWorkload() *workload {
	r.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &workload{rig: r, start: time.Now(), proxy: harness.NewClient(), cancel: cancel}
	random := r.random(0)
	for range hotKeys {
		w.hot = append(w.hot, w.mustCreate(hotLimit))
	}
	for range openKeys {
		w.open = append(w.open, w.mustCreate(tightLimit(random)))
	}
	for n := range callers {
		random := r.random(uint64(n + 1))
		w.running.Go(func() {
			for ctx.Err() == nil {
				w.step(random)
			}
		})
	}
	return w
}

// random makes choices for one purpose, which are the same for the same seed.
func (r *rig) random(purpose uint64) *rand.Rand {
	return rand.New(rand.NewPCG(r.options.Seed, purpose)) //nolint:gosec // a run that can be repeated needs numbers that can
}

func (w *workload) stop() {
	w.cancel()
	w.running.Wait()
}

const (
	openKeys    = 12
	mostOfAKey  = 300 // operations, before another key takes its place
	leastLimit  = 20
	limitSpread = 180
)

func tightLimit(random *rand.Rand) int64 { return leastLimit + random.Int64N(limitSpread) }

// step makes one call.
func (w *workload) step(random *rand.Rand) {
	n := w.rig.nodes[random.IntN(len(w.rig.nodes))]
	var op Operation
	switch choice := random.IntN(100); {
	case choice < 20:
		op = w.call(n, w.hot[0])
	case choice < 50:
		op = w.charge(n, w.hot[1], 1)
	default:
		op = w.charge(n, w.choose(random), 1)
	}
	switch op.Outcome {
	case Done:
		w.admits.Add(1)
	case Nothing, Unknown:
		time.Sleep(breath)
	}
}

// choose returns a key that is open, and puts a new one in the place of one that was
// called often enough.
func (w *workload) choose(random *rand.Rand) *Subject {
	w.mu.Lock()
	i := random.IntN(len(w.open))
	s := w.open[i]
	w.mu.Unlock()
	s.mu.Lock()
	over := len(s.Operations) >= mostOfAKey
	s.mu.Unlock()
	if !over {
		return s
	}
	fresh, err := w.create(tightLimit(random))
	if err != nil {
		return s
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open[i] == s {
		w.open[i] = fresh
	}
	return fresh
}

func (w *workload) mustCreate(limit int64) *Subject {
	w.rig.Helper()
	s, err := w.create(limit)
	if err != nil {
		w.rig.Fatal(err)
	}
	return s
}

// create creates a key with a quota for its lifetime.
func (w *workload) create(limit int64) (*Subject, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	n := w.rig.nodes[rand.IntN(len(w.rig.nodes))] //nolint:gosec // whichever
	issued, err := n.admin.CreateKey(ctx, api.NewKey{Name: "subject", Limits: []api.NewOverride{{Limit: fmt.Sprintf("%d/lifetime", limit)}}})
	if err != nil {
		return nil, err
	}
	s := &Subject{Key: issued.Key.ID, Limit: limit, secret: issued.Secret}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.subjects = append(w.subjects, s)
	return s, nil
}

// charge charges a key through the verify API.
func (w *workload) charge(n *node, s *Subject, units int64) Operation {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	op := Operation{Kind: Charge, Units: units, Standing: -1, Called: time.Since(w.start)}
	answer, err := n.verifier.Verify(ctx, api.VerifyRequest{Secret: s.secret, Amounts: map[string]api.Number{"requests": api.Number(fmt.Sprint(units))}}, "")
	op.Returned = time.Since(w.start)
	switch {
	case err != nil:
		op.Outcome = w.outcomeOf(err)
	case answer.Allowed:
		op.Outcome = Done
	default:
		op.Outcome, op.Code = Denied, answer.Code
	}
	if err == nil && len(answer.Limits) == 1 {
		op.Limit, op.Standing = whole(answer.Limits[0].Limit), whole(answer.Limits[0].Used)+whole(answer.Limits[0].Reserved)
	}
	s.note(op)
	return op
}

// call calls the upstream through the proxy.
func (w *workload) call(n *node, s *Subject) Operation {
	op := Operation{Kind: Call, Units: 1, Standing: -1, Called: time.Since(w.start)}
	outcome := w.proxy.Call(context.Background(), n.ProxyURL, s.secret)
	op.Returned = time.Since(w.start)
	op.Outcome = map[harness.Outcome]Outcome{
		harness.Admitted: Done, harness.Denied: Denied, harness.Unsent: Nothing, harness.Refused: Nothing, harness.Unknown: Unknown,
	}[outcome]
	s.note(op)
	return op
}

// outcomeOf says what a failure means. An answer that nobody may get is a fault.
func (w *workload) outcomeOf(err error) Outcome {
	var refused *client.Error
	switch {
	case errors.Is(err, client.ErrUnavailable):
		return Nothing
	case errors.Is(err, client.ErrOutcomeUnknown):
		return Unknown
	case errors.As(err, &refused) && refused.Code() == "clock_suspect":
		return Nothing
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, err)
	return Unknown
}

func whole(n api.Number) int64 {
	units, err := n.Int64()
	if err != nil {
		return -1
	}
	return units
}

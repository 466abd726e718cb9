package torture

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/zoneinfo"
)

const (
	callers  = 16
	hotLimit = 1_000_000_000
	daily    = 4 // keys at a time, each with a limit for each day
	counters = 8 // keys at a time, each with a limit that is reached
	register = 8 // keys at a time on which everything happens

	mostOnCounter  = 300 // operations, before another key takes its place
	mostOnRegister = 120
	mostUnknown    = 5 // the search for an order takes long where much is unknown

	// patience is how long a caller waits: longer than an instance does, so that it
	// learns what the instance knows. A caller in a hurry doesn't.
	patience = 8 * time.Second
	hurry    = 100 * time.Millisecond
	// breath is how long a caller waits that was refused: a fault is no reason to spin.
	breath = 10 * time.Millisecond
)

// workload is clients that call until they are stopped, each with choices of its own.
type workload struct {
	rig     *rig
	http    *http.Client // of the proxy
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu        sync.Mutex
	subjects  []*Subject // all that there ever were
	hot       *Subject
	proxied   *Subject
	daily     []*Subject // used across a midnight
	counters  []*Subject // used until they have been called often enough
	registers []*Subject
	sometimes map[string]int // how often what only some runs show was seen
	faults    []error        // answers that nobody may get
}

// newHTTP makes what sends the calls of one instance.
func newHTTP() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}, Timeout: patience}
}

func (r *rig) startWorkload() *workload {
	r.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &workload{rig: r, ctx: ctx, cancel: cancel, sometimes: make(map[string]int)}
	// Connections are not reused: one that a killed instance left behind would make Go's
	// transport send a request twice.
	w.http = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 4 * patience}
	random := r.random(0)
	w.hot, w.proxied = w.mustCreate(w.drawn(Counter, hotLimit, lifetime)), w.mustCreate(w.drawn(Proxied, hotLimit, lifetime))
	for range daily {
		w.daily = append(w.daily, w.mustCreate(w.drawDaily(random)))
	}
	for range counters {
		w.counters = append(w.counters, w.mustCreate(w.drawCounter(random)))
	}
	for range register {
		w.registers = append(w.registers, w.mustCreate(w.drawRegister(random)))
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

// step makes one call.
func (w *workload) step(random *rand.Rand) {
	n := w.rig.nodes[random.IntN(len(w.rig.nodes))]
	var outcome Outcome
	switch choice := random.IntN(100); {
	case choice < 10:
		outcome = w.call(n, w.proxied)
	case choice < 25:
		outcome = w.charge(n, w.hot, 1, "", patience)
	case choice < 35:
		outcome = w.charge(n, w.choose(w.daily, random), 1, "", w.drawPatience(random))
	case choice < 65:
		outcome = w.charge(n, w.choose(w.counters, random), 1, "", w.drawPatience(random))
	default:
		outcome = w.anything(n, w.choose(w.registers, random), random)
	}
	switch outcome {
	case Done:
		w.rig.admitted.Add(1)
	case Nothing:
		w.rig.refused.Add(1)
	}
	if outcome == Nothing || outcome == Unknown {
		time.Sleep(breath)
	}
}

func (w *workload) drawPatience(random *rand.Rand) time.Duration {
	if random.IntN(20) == 0 {
		return time.Duration(1 + random.Int64N(int64(hurry)))
	}
	return patience
}

// choose returns one of the keys in use, and puts a new one in the place of one that was
// called often enough.
func (w *workload) choose(in []*Subject, random *rand.Rand) *Subject {
	i := random.IntN(len(in))
	w.mu.Lock()
	s := in[i]
	w.mu.Unlock()
	if !s.isUsedUp(w.rig.now()) {
		return s
	}
	draw := map[Class]func(*rand.Rand) draft{Counter: w.drawCounter, Daily: w.drawDaily, Register: w.drawRegister}[s.Class]
	fresh, err := w.create(draw(random))
	if err != nil {
		return s
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if in[i] == s {
		in[i] = fresh
	}
	return in[i]
}

func (s *Subject) isUsedUp(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch left := s.turn.at.Sub(now); {
	case s.Class == Register && s.Calendar && left.Abs() < nearMidnight/3:
		return len(s.Operations) >= 2*mostOnRegister || s.unknown >= mostUnknown
	case s.Class == Register:
		return len(s.Operations) >= mostOnRegister || s.unknown >= mostUnknown
	case s.Class == Daily && (left < -nearMidnight || left > 0 && left < nearMidnight || s.Limit == hotLimit):
		return left < -nearMidnight
	}
	return len(s.Operations) >= mostOnCounter
}

// lifetime is the form of a limit whose period never ends.
const lifetime = "%d/lifetime"

// midnight is the form of a limit whose period ends at midnight, where the key is.
const midnight = "%d/day"

// draft is a key to be created. It is where midnight comes next.
type draft struct {
	class Class
	limit int64
	form  string // of the limit
	turn  turn
}

func (w *workload) drawn(class Class, limit int64, form string) draft {
	return draft{class, limit, form, nextTurn(w.rig.now())}
}

func (w *workload) drawCounter(random *rand.Rand) draft {
	return w.drawn(Counter, 20+random.Int64N(180), lifetime)
}

// drawDaily draws one with a limit that it reaches each day, or does not.
func (w *workload) drawDaily(random *rand.Rand) draft {
	if random.IntN(4) == 0 {
		return w.drawn(Daily, hotLimit, midnight)
	}
	return w.drawn(Daily, 20+random.Int64N(180), midnight)
}

// drawRegister draws one whose period ends within a minute, at midnight, or never.
func (w *workload) drawRegister(random *rand.Rand) draft {
	d := w.drawn(Register, 0, lifetime)
	choice := random.IntN(8)
	switch near := d.turn.at.Sub(w.rig.now()) < nearMidnight; {
	case choice < 2, near && choice < 6:
		d.form = midnight
	case choice < 6:
		zone, _ := zoneinfo.Load(d.turn.zone)
		d.form = "%d/day from " + w.rig.now().In(zone).Add(time.Minute).Format("15:04")
	}
	d.limit = 40 + random.Int64N(160)
	return d
}

func (w *workload) mustCreate(d draft) *Subject {
	w.rig.Helper()
	s, err := w.create(d)
	if err != nil {
		w.rig.Fatal(err)
	}
	return s
}

// create creates a key with one limit.
func (w *workload) create(d draft) (*Subject, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	n := w.rig.nodes[rand.IntN(len(w.rig.nodes))] //nolint:gosec // whichever
	key, text := api.NewKey{Name: string(d.class), TimeZone: d.turn.zone}, fmt.Sprintf(d.form, d.limit)
	if d.class == Register && d.limit%2 == 0 { // it has its limit from a plan of its own
		key.Plan = "plan-" + uuid.NewString()
		if _, err := n.admin.CreatePlan(ctx, api.NewPlan{Name: key.Plan, Limits: []string{text}}); err != nil {
			return nil, err
		}
	} else {
		key.Limits = []api.NewOverride{{Limit: text}}
	}
	issued, err := n.admin.CreateKey(ctx, key)
	if err != nil {
		return nil, err
	}
	s := &Subject{Key: issued.Key.ID, Class: d.class, Limit: d.limit, Zone: d.turn.zone, Calendar: d.form == midnight, plan: key.Plan, form: d.form, turn: d.turn, secret: issued.Secret}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.subjects = append(w.subjects, s)
	return s, nil
}

// saw notes that something happened that only some runs show.
func (w *workload) saw(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sometimes[what]++
}

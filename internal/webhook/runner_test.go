package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/webhook"
)

// queue is a store that gives out deliveries in their order, each for its lease.
type queue struct {
	admin.Events
	mu        sync.Mutex
	due       []admin.DeliveryRun
	ended     map[uuid.UUID]admin.DeliveryOutcome // by event
	endedAt   map[uuid.UUID]time.Duration
	published int  // calls
	locked    bool // publishing hangs
	taken     int  // calls
	begin     time.Time
	fail      error
}

func newQueue() *queue {
	return &queue{ended: map[uuid.UUID]admin.DeliveryOutcome{}, endedAt: map[uuid.UUID]time.Duration{}, begin: time.Now()}
}

func (q *queue) add(webhooks ...uuid.UUID) {
	for _, id := range webhooks {
		event := admin.Event{ID: uuid.Must(uuid.NewV7()), Type: admin.EventKeyCreated, At: q.begin, KeyID: ration.NewKeyID(), KeyName: "shop", Data: json.RawMessage(`{"status":"active"}`)}
		q.due = append(q.due, admin.DeliveryRun{
			Delivery: admin.Delivery{WebhookID: id, Event: event, Attempts: 1},
			URL:      "https://example.com/hidden?token=hidden", Secrets: secrets("whsec_hidden"), BegunAt: q.begin, Now: q.begin,
		})
	}
}

func (q *queue) PublishEvents(ctx context.Context) (int, error) {
	if q.locked {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.published++
	return 0, q.fail
}

func (q *queue) TakeDelivery(_ context.Context, lease uuid.UUID, busy []uuid.UUID) (run admin.DeliveryRun, found bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.taken++
	for i, run := range q.due {
		if !slices.Contains(busy, run.WebhookID) {
			q.due = slices.Delete(q.due, i, i+1)
			run.Lease = lease
			return run, true, nil
		}
	}
	return run, false, q.fail
}

func (q *queue) EndDelivery(_ context.Context, run admin.DeliveryRun, outcome admin.DeliveryOutcome) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended[run.Event.ID], q.endedAt[run.Event.ID] = outcome, time.Since(q.begin)
	return q.fail
}

// attempts answers what a test says, and counts what is under way.
type attempts struct {
	mu     sync.Mutex
	under  map[string]int // by what a test calls the receiver
	most   map[string]int
	result func(ctx context.Context, message webhook.Message) webhook.Result
}

func (a *attempts) Send(ctx context.Context, message webhook.Message) webhook.Result {
	return a.result(ctx, message)
}

// inFlight notes that an attempt begins, and returns what notes its end.
func (a *attempts) inFlight(of string) (end func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.under == nil {
		a.under, a.most = map[string]int{}, map[string]int{}
	}
	for _, name := range []string{of, "all"} {
		a.under[name]++
		a.most[name] = max(a.most[name], a.under[name])
	}
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.under[of]--
		a.under["all"]--
	}
}

// run lets a runner run for a time, and returns its log, what it was observed to do, and
// how long it took to stop.
func run(t *testing.T, q *queue, result func(context.Context, webhook.Message) webhook.Result, lifetime time.Duration) (log string, outcomes map[string]int, stopping time.Duration) {
	t.Helper()
	var written bytes.Buffer
	var mu sync.Mutex
	outcomes = map[string]int{}
	runner := webhook.Runner{
		Store: q, Attempts: &attempts{result: result}, Log: slog.New(slog.NewTextHandler(&written, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Observe: func(outcome string, _ time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			outcomes[outcome]++
		},
	}
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		runner.Run(ctx)
	}()
	time.Sleep(lifetime)
	stop()
	at := time.Now()
	<-stopped
	if strings.Contains(written.String(), "hidden") {
		t.Errorf("the log has a secret:\n%s", &written)
	}
	return written.String(), outcomes, time.Since(at)
}

func TestOutcomes(t *testing.T) {
	const gone, died = "a webhook was disabled", "an event was given up"
	for _, row := range []struct {
		name     string
		result   webhook.Result
		attempts int
		since    time.Duration
		want     admin.DeliveryOutcome
		observed string
		log      string // empty: nothing
		level    string
	}{
		{name: "accepted", result: webhook.Result{Status: 202}, want: admin.DeliveryOutcome{State: admin.DeliveryDelivered, Status: 202}, observed: "delivered"},
		{name: "accepted at last", result: webhook.Result{Status: 200}, attempts: 20, since: 80 * time.Hour, want: admin.DeliveryOutcome{State: admin.DeliveryDelivered, Status: 200}, observed: "delivered"},
		{name: "refused", result: webhook.Result{Status: 500, Problem: "p"}, want: admin.DeliveryOutcome{State: admin.DeliveryWaiting, After: 5 * time.Second, Status: 500, Problem: "p"}, observed: "failed", log: "did not accept", level: "DEBUG"},
		{name: "silent", result: webhook.Result{Problem: "p"}, attempts: 4, want: admin.DeliveryOutcome{State: admin.DeliveryWaiting, After: 10 * time.Minute, Problem: "p"}, observed: "failed", log: "did not accept", level: "DEBUG"},
		{name: "busy", result: webhook.Result{Status: 429, Problem: "p", Asked: time.Hour}, want: admin.DeliveryOutcome{State: admin.DeliveryWaiting, After: time.Hour, Status: 429, Problem: "p"}, observed: "failed", log: "did not accept", level: "DEBUG"},
		{name: "given up", result: webhook.Result{Status: 500, Problem: "p"}, attempts: 17, since: 72 * time.Hour, want: admin.DeliveryOutcome{State: admin.DeliveryDead, Status: 500, Problem: "p"}, observed: "dead", log: died, level: "WARN"},
		{name: "gone", result: webhook.Result{Status: 410, Problem: "p"}, want: admin.DeliveryOutcome{State: admin.DeliveryWaiting, After: 5 * time.Second, Status: 410, Problem: "p", Disable: "its receiver answered 410 Gone"}, observed: "gone", log: gone, level: "WARN"},
		{name: "gone at last", result: webhook.Result{Status: 410, Problem: "p"}, attempts: 17, since: 80 * time.Hour, want: admin.DeliveryOutcome{State: admin.DeliveryWaiting, Status: 410, Problem: "p", Disable: "its receiver answered 410 Gone"}, observed: "gone", log: gone, level: "WARN"},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := newQueue()
				q.add(uuid.New())
				delivery := &q.due[0]
				delivery.Attempts, delivery.Now = max(row.attempts, 1), q.begin.Add(row.since)
				event := delivery.Event
				var sent webhook.Message
				log, outcomes, _ := run(t, q, func(_ context.Context, message webhook.Message) webhook.Result {
					sent = message
					return row.result
				}, time.Second/2)
				got := q.ended[event.ID]
				if spread := got.After - row.want.After; spread.Abs() <= row.want.After/5 {
					got.After = row.want.After
				}
				if diff := cmp.Diff(row.want, got); diff != "" || outcomes[row.observed] != 1 || len(outcomes) != 1 {
					t.Errorf("observed %v\n%s", outcomes, diff)
				}
				if row.log == "" && log != "" || strings.Count(log, "\n") > 1 || !strings.Contains(log, row.log) || !strings.Contains(log, row.level) {
					t.Errorf("log %q", log)
				}
				want := fmt.Sprintf(`{"type":"key.created","timestamp":%[1]q,"data":{"id":%[2]q,"type":"key.created","time":%[1]q,"key_id":%[3]q,"key_name":"shop","owner":"","data":{"status":"active"}}}`,
					event.At.UTC().Format(time.RFC3339Nano), event.ID, event.KeyID)
				if string(sent.Body) != want || sent.ID != event.ID.String() || !sent.At.Equal(q.begin.Add(row.since)) {
					t.Errorf("sent %s %s\n got %s\nwant %s", sent.ID, sent.At, sent.Body, want)
				}
			})
		})
	}
}

// TestSlowReceiversHoldNobodyUp: each has its share, and what ends makes room at once.
func TestSlowReceiversHoldNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		slow, quick := uuid.New(), uuid.New()
		for range 30 {
			q.add(slow)
		}
		for range 100 {
			q.add(quick)
		}
		names := map[string]string{}
		for _, run := range q.due {
			names[run.Event.ID.String()] = run.WebhookID.String()
		}
		var counted attempts
		run(t, q, func(_ context.Context, message webhook.Message) webhook.Result {
			of := names[message.ID]
			defer counted.inFlight(of)()
			if of == slow.String() {
				time.Sleep(10 * time.Second)
			} else {
				time.Sleep(10 * time.Millisecond)
			}
			return webhook.Result{Status: 200}
		}, 9*time.Second)
		if counted.most[slow.String()] != 4 || counted.most[quick.String()] != 4 || len(q.ended) != 104 {
			t.Errorf("at most %v at once, %d ended", counted.most, len(q.ended))
		}
	})
}

func TestMostAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		for range 9 {
			webhook := uuid.New()
			q.add(webhook, webhook, webhook)
		}
		var counted attempts
		run(t, q, func(context.Context, webhook.Message) webhook.Result {
			defer counted.inFlight("one")()
			time.Sleep(time.Second)
			return webhook.Result{Status: 200}
		}, 5*time.Second)
		// The first 16 are to 6 webhooks. The other 3 have one each.
		if counted.most["all"] != 19 || len(q.ended) != 27 {
			t.Errorf("at most %v at once, %d ended", counted.most, len(q.ended))
		}
	})
}

// TestManySlowReceiversHoldNoOtherUp: each of them has more to get than all may have at once,
// and had it before the quick one.
func TestManySlowReceiversHoldNoOtherUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		quick := uuid.New()
		for range 49 {
			slow := uuid.New()
			for range 5 {
				q.add(slow)
			}
		}
		q.add(quick, quick, quick)
		quickly := map[string]bool{}
		for _, run := range q.due {
			quickly[run.Event.ID.String()] = run.WebhookID == quick
		}
		run(t, q, func(_ context.Context, message webhook.Message) webhook.Result {
			if quickly[message.ID] {
				time.Sleep(10 * time.Millisecond)
			} else {
				time.Sleep(15 * time.Second)
			}
			return webhook.Result{Status: 200}
		}, 5*time.Second)
		if len(q.ended) != 3 {
			t.Errorf("%d ended, want the 3 of the quick receiver", len(q.ended))
		}
	})
}

// TestBusyReceiversAreLeftAlone: other events don't knock either, for a minute at most.
func TestBusyReceiversAreLeftAlone(t *testing.T) {
	for asked, pause := range map[time.Duration]time.Duration{10 * time.Second: 10 * time.Second, 3 * time.Hour: time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			q := newQueue()
			busy, other := uuid.New(), uuid.New()
			q.add(busy)
			var at []time.Duration
			run(t, q, func(_ context.Context, _ webhook.Message) webhook.Result {
				q.mu.Lock()
				defer q.mu.Unlock()
				if at = append(at, time.Since(q.begin)); len(at) == 1 {
					q.add(busy, other)
					return webhook.Result{Status: 429, Problem: "p", Asked: asked}
				}
				return webhook.Result{Status: 200}
			}, 2*time.Minute)
			if len(at) != 3 || at[1] > time.Second || at[2] < pause || at[2] > pause+2*time.Second {
				t.Errorf("asked for %s: attempts at %v", asked, at)
			}
		})
	}
}

// TestLockedFeed: what has been published is sent, and somebody is told.
func TestLockedFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.locked = true
		q.add(uuid.New())
		log, _, stopping := run(t, q, func(context.Context, webhook.Message) webhook.Result { return webhook.Result{Status: 200} }, 15*time.Second)
		if len(q.ended) != 1 || strings.Count(log, "can't publish events") != 1 || stopping != 0 {
			t.Errorf("%d ended, stopped in %s, log %q", len(q.ended), stopping, log)
		}
	})
}

// TestIdle: an idle instance looks once a second.
func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		log, _, stopping := run(t, q, nil, 100*time.Second+time.Millisecond)
		if q.published != 101 || q.taken != 101 || stopping != 0 || log != "" {
			t.Errorf("published %d times, looked %d times, stopped in %s: %s", q.published, q.taken, stopping, log)
		}
	})
}

// TestStop: attempts that are under way may end for a short time; of those that don't,
// nothing is written.
func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.add(uuid.New(), uuid.New(), uuid.New())
		short := q.due[0].Event.ID
		_, outcomes, stopping := run(t, q, func(ctx context.Context, message webhook.Message) webhook.Result {
			wait := time.Hour
			if message.ID == short.String() {
				wait = 3 * time.Second
			}
			select {
			case <-time.After(wait):
				return webhook.Result{Status: 200}
			case <-ctx.Done():
				return webhook.Result{Problem: "cancelled"}
			}
		}, time.Second)
		if len(q.ended) != 1 || q.ended[short].State != admin.DeliveryDelivered || outcomes["delivered"] != 1 || len(outcomes) != 1 || stopping != 3*time.Second {
			t.Errorf("ended %v, observed %v, stopped in %s", q.ended, outcomes, stopping)
		}
	})
}

// TestFaultsOfTheStore: a database that is away is told by others, and other errors here.
func TestFaultsOfTheStore(t *testing.T) {
	for _, row := range []struct {
		fail  error
		lines int
	}{{fmt.Errorf("looking: %w", ration.ErrStoreUnavailable), 0}, {errors.New("broken"), 4}} {
		synctest.Test(t, func(t *testing.T) {
			q := newQueue()
			q.fail = row.fail
			q.add(uuid.New())
			log, _, _ := run(t, q, func(context.Context, webhook.Message) webhook.Result { return webhook.Result{Status: 200} }, time.Second/2)
			if strings.Count(log, "\n") != row.lines || len(q.ended) != 1 {
				t.Errorf("%v: %d ended, log\n%s", row.fail, len(q.ended), log)
			}
		})
	}
}

package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

const (
	// lookEvery is how often an idle instance looks for events and deliveries.
	lookEvery = time.Second
	// mostAtOnce bounds the attempts of one instance that are under way. Beyond it each
	// webhook may have one, so that slow receivers, however many, don't hold up all others.
	mostAtOnce = 16
	// mostSilence bounds how long a webhook gets nothing at all because its receiver wants
	// to be left alone: then another event asks again, for its address may have changed.
	mostSilence = time.Minute
	// publishTime bounds the wait for a feed that somebody keeps locked. Meanwhile what has
	// been published is sent.
	publishTime = 10 * time.Second
	// endTime bounds how long the end of an attempt may take to be written.
	endTime = 10 * time.Second
	// graceTime is how long a stop waits for attempts that are under way. Others are made
	// again, by whichever instance, when their leases have run out.
	graceTime = 3 * time.Second
)

// Store publishes events and gives out deliveries.
type Store interface {
	admin.Events
	admin.Deliverer
}

// Attempts makes one attempt: [Sender].
type Attempts interface {
	Send(ctx context.Context, message Message) Result
}

// The outcomes of attempts, as they are measured.
const (
	OutcomeDelivered = "delivered"
	OutcomeFailed    = "failed" // it will be tried again
	OutcomeDead      = "dead"   // it was given up
	OutcomeGone      = "gone"   // the webhook was disabled
)

// Runner publishes events and sends them to webhooks.
type Runner struct {
	Store    Store
	Attempts Attempts
	Log      *slog.Logger
	// Observe is told of each attempt that has ended; nil: nobody is.
	Observe func(outcome string, took time.Duration)

	underWay sync.WaitGroup
	wake     chan struct{} // has a value if there may be something to send, or room for it
	mu       sync.Mutex
	sending  map[uuid.UUID]int       // attempts under way, by webhook
	silent   map[uuid.UUID]time.Time // until when a receiver wants to be left alone
}

// Run sends until ctx ends. Attempts that are under way then have a short time to end.
func (r *Runner) Run(ctx context.Context) {
	r.wake, r.sending, r.silent = make(chan struct{}, 1), map[uuid.UUID]int{}, map[uuid.UUID]time.Time{}
	attempts, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer r.underWay.Wait()
	defer abandon()
	var publishing sync.WaitGroup
	publishing.Go(func() { r.publish(ctx) })
	defer publishing.Wait()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			continue
		case <-r.wake:
		case <-time.After(2 * lookEvery): // the feed is locked
		}
		r.take(ctx, attempts)
	}
	r.await(graceTime)
}

// publish gives events their places in the feed, again and again, and then lets them be
// sent. It does so also if there is no webhook: then whoever reads the feed has less to do.
func (r *Runner) publish(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		patient, cancel := context.WithTimeout(ctx, publishTime)
		if err := admin.Publish(patient, r.Store); err != nil {
			r.complain(ctx, "can't publish events; they will be published later", err)
		}
		cancel()
		r.look()
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

// look has deliveries taken soon.
func (r *Runner) look() {
	select {
	case r.wake <- struct{}{}:
	default: // they will be
	}
}

// complain logs what is not explained by a database that is away, or by a stop.
func (r *Runner) complain(ctx context.Context, what string, err error) {
	if ctx.Err() == nil && !errors.Is(err, ration.ErrStoreUnavailable) {
		r.Log.WarnContext(ctx, what, "error", err)
	}
}

// take begins attempts for deliveries that are due, as many as may be under way.
func (r *Runner) take(ctx, attempts context.Context) {
	for ctx.Err() == nil {
		run, found, err := r.Store.TakeDelivery(ctx, uuid.Must(uuid.NewV7()), r.occupied(time.Now()))
		if err != nil {
			r.complain(ctx, "can't look for events that are to be sent to webhooks", err)
		}
		if err != nil || !found {
			return
		}
		r.count(run.WebhookID, 1)
		r.underWay.Go(func() {
			r.attempt(attempts, &run)
			r.count(run.WebhookID, -1)
			r.look()
		})
	}
}

// occupied returns the webhooks that nothing may be sent to now.
func (r *Runner) occupied(now time.Time) (busy []uuid.UUID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := 0
	for _, count := range r.sending {
		all += count
	}
	for webhook, count := range r.sending {
		if count >= mostToOne || all >= mostAtOnce {
			busy = append(busy, webhook)
		}
	}
	for webhook, until := range r.silent {
		switch {
		case !until.After(now):
			delete(r.silent, webhook)
		case !slices.Contains(busy, webhook):
			busy = append(busy, webhook)
		}
	}
	return busy
}

func (r *Runner) count(webhook uuid.UUID, change int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sending[webhook] += change
	if r.sending[webhook] == 0 {
		delete(r.sending, webhook)
	}
}

// attempt sends a delivery once and writes what became of it. If the instance stops
// meanwhile, nothing is written.
func (r *Runner) attempt(ctx context.Context, run *admin.DeliveryRun) {
	start := time.Now()
	body, err := json.Marshal(wire.WebhookMessage(run.Event))
	result := Result{Problem: "the event can't be written as JSON"}
	if err == nil {
		result = r.Attempts.Send(ctx, Message{ID: run.Event.ID.String(), At: run.Now, Body: body, URL: run.URL, Secrets: run.Secrets})
	}
	if ctx.Err() != nil {
		return
	}
	outcome, name := judgeRun(run, result, rand.Float64()) //nolint:gosec // it only spreads attempts
	if result.Asked > 0 {
		r.leave(run.WebhookID, start.Add(min(result.Asked, mostSilence)))
	}
	if r.Observe != nil {
		r.Observe(name, time.Since(start))
	}
	r.report(ctx, run, result, name)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	if err := r.Store.EndDelivery(ctx, *run, outcome); err != nil {
		r.complain(ctx, "what became of an event that was sent to a webhook can't be written, so it will be sent again", err)
	}
}

// leave sends nothing to a webhook for a time.
func (r *Runner) leave(webhook uuid.UUID, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.silent[webhook] = until
}

// judgeRun says what becomes of a delivery after an attempt.
func judgeRun(run *admin.DeliveryRun, result Result, chance float64) (outcome admin.DeliveryOutcome, name string) {
	outcome = admin.DeliveryOutcome{State: admin.DeliveryDelivered, Status: result.Status, Problem: result.Problem}
	if result.Problem == "" {
		return outcome, OutcomeDelivered
	}
	after, last := next(run.Attempts, run.Now.Sub(run.BegunAt), result.Asked, chance)
	outcome.State, outcome.After, name = admin.DeliveryWaiting, after, OutcomeFailed
	switch {
	case result.Gone(): // the event waits for whoever enables the webhook again
		outcome.Disable, name = "its receiver answered 410 Gone", OutcomeGone
	case last:
		outcome.State, name = admin.DeliveryDead, OutcomeDead
	}
	return outcome, name
}

// report logs an attempt that has failed. A webhook's address may be a secret: only its
// host is told.
func (r *Runner) report(ctx context.Context, run *admin.DeliveryRun, result Result, name string) {
	log := r.Log.With("webhook", run.WebhookID, "event", run.Event.ID, "type", run.Event.Type, "attempt", run.Attempts)
	switch name {
	case OutcomeGone:
		log.WarnContext(ctx, "a webhook was disabled: its receiver wants no more events", "reason", result.Problem)
	case OutcomeDead:
		log.WarnContext(ctx, "an event was given up: the webhook did not accept it for 3 days; it can be sent again with 'ration webhooks replay'", "reason", result.Problem)
	case OutcomeFailed:
		log.DebugContext(ctx, "a webhook did not accept an event; it will be sent again", "reason", result.Problem)
	}
}

// await waits for the attempts that are under way, and no longer than it may.
func (r *Runner) await(most time.Duration) {
	done := make(chan struct{})
	go func() { r.underWay.Wait(); close(done) }()
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

package admin

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
)

// Webhooks stores webhooks, and events on their way to them. [Events.PublishEvents] writes
// a delivery to each webhook that [Sends] an event, in the transaction that gives the event
// its place: so none is lost, and none is there twice.
type Webhooks interface {
	// CreateWebhook writes a webhook with its secret; the store sets its times. It calls
	// admit with how many there are. It makes the context's [Once]. Error: that of admit.
	CreateWebhook(ctx context.Context, webhook Webhook, secret ration.Secret, admit func(count int) error, audit AuditEntry) (Webhook, error)
	// UpdateWebhook locks a webhook, calls update with it, and writes what update has
	// changed. Deliveries to a webhook that is disabled are not due; once it is enabled,
	// the first of each key is at once. If update returns ErrUnchanged, nothing is written.
	// It makes the context's [Once]. Errors: that of update; ErrNotFound.
	UpdateWebhook(ctx context.Context, id uuid.UUID, update func(*WebhookChange) error) (Webhook, error)
	// DeleteWebhook deletes a webhook with its deliveries; audit gets it. Error: ErrNotFound.
	DeleteWebhook(ctx context.Context, id uuid.UUID, audit func(Webhook) (AuditEntry, error)) error
	// ListWebhooks returns all webhooks, in the order of their creation.
	ListWebhooks(ctx context.Context) ([]Webhook, error)

	// ListDeliveries returns the deliveries that match, those of the latest events first.
	ListDeliveries(ctx context.Context, filter DeliveryFilter) ([]Delivery, error)
	// ReplayDelivery makes a delivery due, as [Replay] says. Errors: those of Replay;
	// ErrNotFound.
	ReplayDelivery(ctx context.Context, id DeliveryID, audit AuditEntry) (Delivery, error)
	// ReplayDead makes the oldest dead deliveries of a webhook due, at most so many, and
	// returns how many; audit gets the number. Errors: that of [CanReplay]; ErrNotFound.
	ReplayDead(ctx context.Context, webhook uuid.UUID, most int, audit func(count int) (AuditEntry, error)) (int, error)
	// Backlog says what waits for each webhook, by their ids, and the store's time.
	Backlog(ctx context.Context) ([]WebhookBacklog, time.Time, error)

	Deliverer

	// DeleteDeliveries deletes the next deliveries whose events were deleted with the
	// beginning of the feed, and returns how many. What waits behind one is due then.
	DeleteDeliveries(ctx context.Context) (deleted int, err error)
}

// Deliverer is what those need who send events to webhooks. Several instances may do so at
// once.
type Deliverer interface {
	// TakeDelivery gives a delivery that is due, of a webhook that is not among busy, to a
	// new lease, which ends after [DeliveryLease]; then somebody else may take it. Deliveries
	// of a key to a webhook are taken one after the other in the order of the feed, the next
	// one after the one before has ended; replayed ones have no order. Found is false if
	// there is none.
	TakeDelivery(ctx context.Context, lease uuid.UUID, busy []uuid.UUID) (run DeliveryRun, found bool, err error)
	// EndDelivery writes what became of an attempt. It changes nothing if the lease no
	// longer has the delivery.
	EndDelivery(ctx context.Context, run DeliveryRun, outcome DeliveryOutcome) error
}

const (
	// DeliveryLease is how long a taker has for an attempt, which takes less time.
	DeliveryLease = time.Minute
	// MaxDeliveryPause is the longest time until the next attempt. What is due later than
	// that was written by a clock that was ahead, and is due now.
	MaxDeliveryPause = 24 * time.Hour
)

// WebhookChange is a webhook within a transaction.
type WebhookChange struct {
	Now       time.Time
	Webhook   Webhook       // to be changed in place
	NewSecret ration.Secret // takes the place of the present one, which signs too until PreviousUntil; zero: the secret stays
	Audit     AuditEntry    // to be filled in
}

// DeliveryRun is a delivery that was given out.
type DeliveryRun struct {
	Delivery
	Lease   uuid.UUID
	URL     string
	Secrets []ration.Secret // that sign: the present one and, for a time, the former one
	BegunAt time.Time       // from when on the time for attempts counts
	Now     time.Time       // by the store's clock
}

// DeliveryOutcome is what became of an attempt.
type DeliveryOutcome struct {
	State   DeliveryState
	After   time.Duration // of DeliveryWaiting: until the next attempt, at most [MaxDeliveryPause]
	Status  int           // of the answer; 0: there was none
	Problem string        // why it failed, in short and without anything of the answer's body
	Disable string        // why the webhook is disabled, such as "the endpoint answered 410 Gone"; empty, or the webhook has another address by now: it isn't. See [DisableWebhook]
}

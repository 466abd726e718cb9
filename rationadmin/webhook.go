package rationadmin

import (
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
)

const (
	// MaxWebhooks is how many webhooks there may be.
	MaxWebhooks = 50
	// PreviousSecretValid is how long the former secret of a webhook signs too after another
	// one has taken its place.
	PreviousSecretValid = 24 * time.Hour
	// MaxReplayed is how many deliveries one call replays.
	MaxReplayed = 1_000
)

// Webhook is an address to which events are sent, as Standard Webhooks has it.
type Webhook struct {
	ID                   uuid.UUID
	URL                  string
	Types                []EventType // that are sent; nil: all
	Enabled              bool        // while it isn't, nothing is sent, and new events are not kept for it
	DisabledReason       string      // why Ration has disabled it; empty: it is enabled, or somebody has disabled it
	PreviousUntil        time.Time   // until when the former secret signs too; zero: there is none
	CreatedBy            string
	CreatedAt, UpdatedAt time.Time
}

// NewWebhook is a webhook to be created.
type NewWebhook struct {
	URL   string
	Types []EventType // nil: all
}

// IssuedWebhook is a webhook with a new secret, which is shown once.
type IssuedWebhook struct {
	Webhook
	Secret ration.Secret // "whsec_…"
}

// WebhookPatch changes a webhook; nil: it stays as it is.
type WebhookPatch struct {
	ID      uuid.UUID
	URL     *string
	Types   *[]EventType // empty: all
	Enabled *bool
}

// DeliveryState is what has become of a delivery.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryWaiting   DeliveryState = "waiting" // it will be sent, perhaps again
	DeliveryDelivered DeliveryState = "delivered"
	DeliveryDead      DeliveryState = "dead" // it was given up
)

// Delivery is an event on its way to a webhook.
type Delivery struct {
	WebhookID uuid.UUID
	Event     Event
	State     DeliveryState
	Replayed  bool      // it was sent again on request, in no particular order
	Since     time.Time // since when it has been on its way: its event was published, or it was replayed
	Attempts  int       // so far, since then
	NextAt    time.Time // of the next attempt; zero: it has ended, waits for an earlier event of its key, or its webhook is disabled
	Status    int       // HTTP status of the last answer; 0: there was none
	Problem   string    // why the last attempt failed
	EndedAt   time.Time // zero: it waits
}

// DeliveryFilter selects deliveries. The zero filter selects all, those of the latest
// events first.
type DeliveryFilter struct {
	WebhookID uuid.UUID
	State     DeliveryState // empty: any
	Type      EventType     // empty: any
	KeyID     ration.KeyID
	After     DeliveryPosition // only those that come after it in the list
	Limit     int              // 0: 1,000
}

// DeliveryPosition is where a delivery is in a list.
type DeliveryPosition struct {
	Position  int64 // of its event
	WebhookID uuid.UUID
}

// DeliveryAt returns the position of a delivery.
func DeliveryAt(delivery *Delivery) DeliveryPosition {
	return DeliveryPosition{delivery.Event.Position, delivery.WebhookID}
}

// DeliveryID says which delivery.
type DeliveryID struct{ WebhookID, EventID uuid.UUID }

// WebhookStatus is a webhook with what waits for it.
type WebhookStatus struct {
	Webhook
	Backlog WebhookBacklog
}

// WebhookBacklog is what waits for a webhook, and what was given up.
type WebhookBacklog struct {
	WebhookID uuid.UUID
	Waiting   int       // at most MaxBacklog
	Oldest    time.Time // since when the one that has waited longest does; zero: none waits
	Dead      int       // at most MaxBacklog
}

// MaxBacklog is how many deliveries of a webhook are counted.
const MaxBacklog = 10_000

package api

import "time"

// Webhook is an address to which events are sent. Nothing in it is a secret, except perhaps
// a part of the address: only tokens with the scope admin see more of it than the host.
type Webhook struct {
	ID                  string     `json:"id"`
	URL                 string     `json:"url"`
	Types               []string   `json:"types"` // the types of events that are sent; empty: all; never null
	Enabled             bool       `json:"enabled"`
	DisabledReason      string     `json:"disabled_reason,omitempty"` // why Ration has disabled it
	PreviousSecretUntil *time.Time `json:"previous_secret_until"`     // until when the former secret signs too; null: there is none
	CreatedBy           string     `json:"created_by"`                // the actor
	CreatedAt           time.Time  `json:"created_at"`
	UpdatedAt           time.Time  `json:"updated_at"`
}

// WebhookStatus is a webhook with what waits for it.
type WebhookStatus struct {
	Webhook      Webhook    `json:"webhook"`
	Waiting      int        `json:"waiting"`       // how many deliveries wait; at most 10,000 are counted
	WaitingSince *time.Time `json:"waiting_since"` // since when the oldest of them waits; null: none waits
	Dead         int        `json:"dead"`          // how many were given up; at most 10,000 are counted
}

// Webhooks are all webhooks.
type Webhooks struct {
	Items []WebhookStatus `json:"items"` // in the order of their creation; never null
}

// NewWebhook is the body of POST /v1/admin/webhooks.
type NewWebhook struct {
	URL   string   `json:"url"`             // http or https
	Types []string `json:"types,omitempty"` // the types of events that are sent; absent: all
}

// WebhookPatch is the body of PATCH /v1/admin/webhooks/{webhook}: what is absent stays as it is.
type WebhookPatch struct {
	URL     *string   `json:"url,omitempty"`
	Types   *[]string `json:"types,omitempty"`   // empty: all
	Enabled *bool     `json:"enabled,omitempty"` // while it isn't, nothing is sent, and new events are not kept for it
}

// IssuedWebhook is a webhook with a new secret, which can't be shown again.
type IssuedWebhook struct {
	Webhook Webhook `json:"webhook"`
	Secret  string  `json:"secret"` // "whsec_" and 32 bytes in base64, as Standard Webhooks has it
}

// Delivery is an event on its way to a webhook.
type Delivery struct {
	WebhookID string     `json:"webhook_id"`
	Event     Event      `json:"event"`
	State     string     `json:"state"`           // waiting, delivered or dead: given up
	Replayed  bool       `json:"replayed"`        // it was sent again on request
	Since     time.Time  `json:"since"`           // since when it has been on its way
	Attempts  int        `json:"attempts"`        // so far, since then
	NextAt    *time.Time `json:"next_attempt_at"` // null: it has ended, waits for an earlier event of its key, or its webhook is disabled
	Status    *int       `json:"status"`          // the HTTP status of the last answer; null: there was none
	Problem   string     `json:"problem"`         // why the last attempt failed; empty: it didn't
	EndedAt   *time.Time `json:"ended_at"`        // null: it waits
}

// DeadReplayed is the answer of POST /v1/admin/webhooks/{webhook}/replay-dead.
type DeadReplayed struct {
	Replayed int  `json:"replayed"` // how many deliveries are sent again
	More     bool `json:"more"`     // there may be more: ask again
}

package api

import "time"

// WebhookMessage is what a webhook gets: an event, in the form of Standard Webhooks.
type WebhookMessage struct {
	Type      string    `json:"type"`      // that of the event
	Timestamp time.Time `json:"timestamp"` // when it happened
	Data      Event     `json:"data"`      // as the feed has it
}

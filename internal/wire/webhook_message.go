package wire

import (
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// WebhookMessage returns what webhooks get of an event.
func WebhookMessage(e admin.Event) api.WebhookMessage {
	event := Event(e)
	return api.WebhookMessage{Type: event.Type, Timestamp: event.Time, Data: event}
}

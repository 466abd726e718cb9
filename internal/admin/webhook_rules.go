package admin

import (
	"fmt"
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// Sends reports whether a webhook gets events of a type.
func Sends(webhook *Webhook, kind EventType) bool {
	return webhook.Enabled && (len(webhook.Types) == 0 || slices.Contains(webhook.Types, kind))
}

// DisableWebhook disables a webhook for a reason that its endpoint has given, if it is
// enabled. Stores call it within the transaction that ends an attempt. Error: ErrUnchanged.
func DisableWebhook(change *WebhookChange, reason string) error {
	before := webhookFields(&change.Webhook)
	change.Webhook.Enabled = false
	change.Webhook.DisabledReason = reason
	var err error
	change.Audit, err = author{actor: "ration"}.audit("webhook.update", webhookTarget(change.Webhook.ID), before, webhookFields(&change.Webhook))
	return err
}

// CanReplay returns an error unless deliveries to a webhook can be replayed now.
func CanReplay(webhook *Webhook) error {
	if !webhook.Enabled {
		return fmt.Errorf("%w: the webhook is disabled, so nothing is sent to it; enable it first", ration.ErrConflict)
	}
	return nil
}

// Replay makes a delivery due now. One that has ended is sent again at once, beside what
// waits of its key: the order of events is that of their first deliveries. One that waits
// for its next attempt is sent at once, and keeps its turn. One that waits for an earlier
// one, or is being sent, can't be.
func Replay(webhook *Webhook, delivery *Delivery, leased bool, now time.Time) error {
	if err := CanReplay(webhook); err != nil {
		return err
	}
	switch {
	case delivery.State != DeliveryWaiting:
		delivery.Replayed = true
	case delivery.NextAt.IsZero():
		return fmt.Errorf("%w: the delivery waits for an earlier event of its key, which is sent first", ration.ErrConflict)
	case leased && delivery.NextAt.After(now):
		return fmt.Errorf("%w: the delivery is being sent at this moment", ration.ErrConflict)
	}
	delivery.State, delivery.Attempts, delivery.Since, delivery.NextAt, delivery.EndedAt = DeliveryWaiting, 0, now, now, time.Time{}
	return nil
}

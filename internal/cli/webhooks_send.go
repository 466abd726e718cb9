package cli

import (
	"context"
	"time"

	"github.com/ration-dev/ration/internal/metrics"
	"github.com/ration-dev/ration/internal/webhook"
)

// sendEvents publishes events and sends them to webhooks until ctx ends.
func (i *instance) sendEvents(ctx context.Context) {
	sender := webhook.NewSender(webhook.SenderConfig{Version: i.self.Version, Allowed: i.settings.WebhookPrivate})
	defer sender.Close()
	runner := webhook.Runner{Store: i.store, Attempts: sender, Log: i.log}
	if i.metrics != nil {
		runner.Observe = i.metrics.WebhookAttempt
	}
	runner.Run(ctx)
}

// webhookFacts adds what metrics tell of events on their way. What waits for a webhook that
// is disabled grows old without anybody's fault.
func (i *instance) webhookFacts(ctx context.Context, facts *metrics.Facts) error {
	webhooks, err := i.store.ListWebhooks(ctx)
	if err != nil || len(webhooks) == 0 {
		return err
	}
	enabled := make(map[[16]byte]bool)
	for _, one := range webhooks {
		enabled[one.ID] = one.Enabled
	}
	backlogs, now, err := i.store.Backlog(ctx)
	for _, backlog := range backlogs {
		facts.DeliveriesDead += int64(backlog.Dead)
		facts.DeliveriesWaiting += int64(backlog.Waiting)
		if enabled[backlog.WebhookID] && !backlog.Oldest.IsZero() {
			facts.OldestDelivery = max(facts.OldestDelivery, now.Sub(backlog.Oldest), time.Nanosecond)
		}
	}
	return err
}

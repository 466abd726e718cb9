package metrics

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// attemptOutcomes are what becomes of attempts to send an event to a webhook.
var attemptOutcomes = []string{"delivered", "failed", "dead", "gone"}

// webhooks counts attempts to send events.
type webhooks struct {
	attempts    *prometheus.CounterVec
	attemptTook prometheus.Histogram
}

func newWebhooks() webhooks {
	w := webhooks{
		attempts:    counterVec("webhook_attempts_total", "Attempts to send an event to a webhook, by outcome. failed: it will be sent again; dead: it was given up after 3 days; gone: the webhook was disabled, because its receiver answered 410.", "outcome"),
		attemptTook: histogram("webhook_attempt_seconds", "How long an attempt to send an event to a webhook took.", []float64{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15}),
	}
	for _, outcome := range attemptOutcomes {
		w.attempts.WithLabelValues(outcome)
	}
	return w
}

func (w *webhooks) all() []prometheus.Collector {
	return []prometheus.Collector{w.attempts, w.attemptTook}
}

// WebhookAttempt counts an attempt to send an event to a webhook.
func (w *webhooks) WebhookAttempt(outcome string, took time.Duration) {
	if !slices.Contains(attemptOutcomes, outcome) {
		outcome = other
	}
	w.attempts.WithLabelValues(outcome).Inc()
	w.attemptTook.Observe(took.Seconds())
}

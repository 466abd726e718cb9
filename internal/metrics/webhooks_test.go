package metrics_test

import (
	"testing"
	"time"
)

func TestWebhookAttempts(t *testing.T) {
	m := newMetrics()
	wantLines(t, m, `ration_webhook_attempts_total{outcome="dead"} 0`, `ration_webhook_attempts_total{outcome="gone"} 0`)
	m.WebhookAttempt("delivered", 20*time.Millisecond)
	m.WebhookAttempt("dead", 15*time.Second)
	m.WebhookAttempt("dead", 16*time.Second)
	m.WebhookAttempt("https://example.com/canary", 0)
	wantLines(t, m,
		`ration_webhook_attempts_total{outcome="delivered"} 1`, `ration_webhook_attempts_total{outcome="failed"} 0`, `ration_webhook_attempts_total{outcome="dead"} 2`,
		`ration_webhook_attempts_total{outcome="other"} 1`, `ration_webhook_attempt_seconds_bucket{le="0.025"} 2`, `ration_webhook_attempt_seconds_bucket{le="15"} 3`, `ration_webhook_attempt_seconds_count 4`,
	)
}

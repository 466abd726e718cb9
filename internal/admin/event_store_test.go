package admin_test

import (
	"testing"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

// TestPublishingIsShort: decisions on SQLite wait for the transaction that publishes.
func TestPublishingIsShort(t *testing.T) {
	for webhooks, want := range map[int]int{0: 250, 1: 250, 2: 125, rationadmin.MaxWebhooks: 5} {
		if got := admin.PublishedAtOnce(webhooks); got != want {
			t.Errorf("%d webhooks: %d events at once, want %d", webhooks, got, want)
		}
	}
}

package console

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
)

func (c *Console) registerWebhookReplay() {
	c.get("/webhooks/{id}/replay", func(v *visit) error { return onWebhook(v, c.previewReplay) })
	c.post("/webhooks/{id}/replay", func(v *visit) error { return onWebhook(v, c.replayDead) })
	c.post("/webhooks/{id}/deliveries/{event}/replay", func(v *visit) error { return onWebhook(v, c.replayDelivery) })
}

const (
	// replaysShown is how many deliveries a preview names.
	replaysShown = 20
	// replayTime bounds how long one form replays deliveries. What is left stays dead.
	replayTime = 20 * time.Second
)

// replayPage shows what would be sent again.
type replayPage struct {
	webhookRow
	Deliveries []deliveryRow // the latest of them
	More       int           // that have no row
}

func (c *Console) previewReplay(v *visit, row webhookRow) error {
	if err := v.needsAdmin(); err != nil {
		return err
	}
	found, err := v.Operations.ListDeliveries(v.ctx, rationadmin.DeliveryFilter{WebhookID: row.ID, State: rationadmin.DeliveryDead, Limit: replaysShown})
	if err != nil {
		return err
	}
	page := replayPage{webhookRow: row, Deliveries: deliveryRows(found), More: max(0, row.Backlog.Dead-len(found))}
	v.show(http.StatusOK, "webhook-replay", layout{Title: "Replay dead letters", Section: "/events", Page: &page})
	return nil
}

// replayDead replays dead deliveries, the oldest first, until they are as many as the
// visitor has seen counted: what fails again meanwhile isn't sent for ever.
func (c *Console) replayDead(v *visit, row webhookRow) error {
	seen, err := strconv.Atoi(v.value("count"))
	if err != nil || seen < 1 {
		return &ration.InvalidError{Field: "count", Reason: "load the page again"}
	}
	replayed := 0
	for start := time.Now(); replayed < seen && time.Since(start) < replayTime; {
		n, err := v.Operations.ReplayDead(v.ctx, actor, row.ID)
		switch {
		case err != nil && replayed > 0:
			return fmt.Errorf("after %s sent again: %w", deliveriesText(replayed), err)
		case err != nil:
			return err
		}
		if replayed += n; n < rationadmin.MaxReplayed {
			break
		}
	}
	return v.done(row.Path(), deliveriesText(replayed)+" sent again now. Each has 3 days more.", nil)
}

// deliveriesText writes how many deliveries, and that something is done with them.
func deliveriesText(number int) string {
	if number == 1 {
		return "1 delivery is"
	}
	return count(number) + " deliveries are"
}

func (c *Console) replayDelivery(v *visit, row webhookRow) error {
	event, err := uuid.Parse(v.r.PathValue("event"))
	if err != nil {
		return ration.ErrNotFound
	}
	if _, err := v.Operations.ReplayDelivery(v.ctx, actor, rationadmin.DeliveryID{WebhookID: row.ID, EventID: event}); err != nil {
		return err
	}
	return v.done(row.Path(), "The event is sent again now.", nil)
}

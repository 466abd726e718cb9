package storetest

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration/internal/admin"
)

func testDeliveriesListed(f *fixture) {
	first, id := f.hooked()
	second := f.webhook(admin.EventKeyEnabled).Webhook
	other := f.key("")
	f.toggle(id, 4)
	f.giveUp(f.takeDelivery(second.ID))
	all := f.deliveries(admin.DeliveryFilter{})
	f.want("number", 7, len(all))
	var paged []admin.Delivery
	for after := (admin.DeliveryPosition{}); ; {
		page := f.deliveries(admin.DeliveryFilter{After: after, Limit: 2})
		if len(page) == 0 {
			break
		}
		after = admin.DeliveryPosition{Position: page[len(page)-1].Event.Position, WebhookID: page[len(page)-1].WebhookID}
		paged = append(paged, page...)
	}
	f.want("paged", all, paged)
	if !slices.IsSortedFunc(all, func(a, b admin.Delivery) int { return int(b.Event.Position - a.Event.Position) }) {
		f.Errorf("deliveries are not in the order of the feed, the last first: %+v", all)
	}
	for name, test := range map[string]struct {
		filter admin.DeliveryFilter
		want   int
	}{
		"webhook":       {admin.DeliveryFilter{WebhookID: second.ID}, 2},
		"key":           {admin.DeliveryFilter{KeyID: other}, 1},
		"state":         {admin.DeliveryFilter{State: admin.DeliveryDead}, 1},
		"type":          {admin.DeliveryFilter{Type: admin.EventKeyEnabled}, 4},
		"all of them":   {admin.DeliveryFilter{WebhookID: first.ID, KeyID: id, State: admin.DeliveryWaiting, Type: admin.EventKeyEnabled, After: admin.DeliveryPosition{Position: all[0].Event.Position + 1}}, 2},
		"other webhook": {admin.DeliveryFilter{WebhookID: uuid.New()}, 0},
		"after":         {admin.DeliveryFilter{WebhookID: second.ID, After: admin.DeliveryPosition{Position: all[0].Event.Position, WebhookID: second.ID}}, 1},
	} {
		if got := len(f.deliveries(test.filter)); got != test.want {
			f.Errorf("by %s: %d deliveries, want %d", name, got, test.want)
		}
	}
}

func testBacklog(f *fixture) {
	webhook, id := f.hooked()
	idle := f.webhook(admin.EventKeyRevoked).Webhook
	backlog := func() []admin.WebhookBacklog {
		backlogs, now, err := f.Store.Backlog(f.Context())
		f.wantError(err, nil)
		f.want("now", f.now, now)
		return backlogs
	}
	f.want("backlog", []admin.WebhookBacklog{{WebhookID: webhook.ID}, {WebhookID: idle.ID}}, backlog())
	f.toggle(id, 3)
	f.advance(time.Hour)
	f.toggle(id, 2)
	f.want("backlog", []admin.WebhookBacklog{{WebhookID: webhook.ID, Waiting: 5, Oldest: noon}, {WebhookID: idle.ID}}, backlog())
	f.giveUp(f.takeDelivery())
	f.deliver(f.takeDelivery())
	f.deliver(f.takeDelivery())
	f.want("backlog", []admin.WebhookBacklog{{WebhookID: webhook.ID, Waiting: 2, Oldest: f.now, Dead: 1}, {WebhookID: idle.ID}}, backlog())
	status, err := f.service().ShowWebhook(f.Context(), webhook.ID)
	f.wantError(err, nil)
	f.want("status", admin.WebhookStatus{Webhook: webhook, Backlog: backlog()[0]}, status)
	f.wantFinding(admin.FindingWarning, "2 webhooks, 2 deliveries wait; 1 delivery was given up")
	f.advance(time.Hour + time.Second)
	f.wantFinding(admin.FindingWarning, "2 webhooks, 2 deliveries wait; 1 delivery was given up; the oldest has waited since 2026-07-15T13:00:00Z")
	f.enableWebhook(webhook.ID, false) // what waits for it is no problem
	f.wantFinding(admin.FindingWarning, "2 webhooks, 0 deliveries wait; 1 delivery was given up")
	f.wantError(f.service().DeleteWebhook(f.Context(), "test", webhook.ID), nil)
	f.wantFinding(admin.FindingOK, "1 webhook, 0 deliveries wait")
	f.withoutWebhooks()
	f.wantFinding("", "")
}

// wantFinding wants what the doctor says of webhooks; empty: nothing.
func (f *fixture) wantFinding(state admin.FindingState, detail string) {
	f.Helper()
	findings, err := f.service().Diagnose(f.Context(), admin.DiagnoseOptions{})
	f.wantError(err, nil)
	var of admin.Finding
	for _, finding := range findings {
		if finding.Check == "webhooks" {
			of = finding
		}
	}
	f.want("finding", []any{state, detail}, []any{of.State, of.Detail})
}

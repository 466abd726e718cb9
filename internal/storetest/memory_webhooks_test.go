package storetest_test

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// memoryWebhook is a webhook, with what waits for it and what has ended. It is mu's.
type memoryWebhook struct {
	admin.Webhook
	secret, previous ration.Secret
	enabledAt        time.Time
	deliveries       []*memoryDelivery // in the order of the feed
}

// memoryDelivery is a delivery. NextAt is when it is due once nothing else holds it up.
type memoryDelivery struct {
	admin.Delivery
	begun time.Time
	lease uuid.UUID
}

func (m *memory) deliver(event *admin.Event) {
	for _, w := range m.webhooks {
		if admin.Sends(&w.Webhook, event.Type) {
			now := m.time()
			w.deliveries = append(w.deliveries, &memoryDelivery{begun: now, Delivery: admin.Delivery{
				WebhookID: w.ID, Event: *event, State: admin.DeliveryWaiting, Since: now, NextAt: now,
			}})
		}
	}
}

func (m *memory) deleteEvents(which func(admin.Event) bool) {
	m.events.all = slices.DeleteFunc(m.events.all, which)
	for _, w := range m.webhooks {
		w.deliveries = slices.DeleteFunc(w.deliveries, func(d *memoryDelivery) bool { return which(d.Event) })
	}
}

// heldUp says that a delivery can't be sent, whatever the time.
func (w *memoryWebhook) heldUp(d *memoryDelivery) bool {
	return !w.Enabled || d.State != admin.DeliveryWaiting || !d.Replayed && slices.ContainsFunc(w.deliveries, func(other *memoryDelivery) bool {
		return other.State == admin.DeliveryWaiting && !other.Replayed && other.Event.KeyID == d.Event.KeyID && other.Event.Position < d.Event.Position
	})
}

// shown is a delivery as it is listed.
func (w *memoryWebhook) shown(d *memoryDelivery) admin.Delivery {
	shown := d.Delivery
	if w.heldUp(d) {
		shown.NextAt = time.Time{}
	}
	return shown
}

func (m *memory) webhook(id uuid.UUID) (*memoryWebhook, error) {
	for _, w := range m.webhooks {
		if w.ID == id {
			return w, nil
		}
	}
	return nil, ration.ErrNotFound
}

func (m *memory) CreateWebhook(ctx context.Context, webhook admin.Webhook, secret ration.Secret, admit func(int) error, audit admin.AuditEntry) (created admin.Webhook, err error) {
	err = m.once(ctx, func() (any, error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if err := admit(len(m.webhooks)); err != nil {
			return nil, err
		}
		created = webhook
		created.CreatedAt, created.UpdatedAt = m.time(), m.time()
		m.webhooks = append(m.webhooks, &memoryWebhook{Webhook: created, secret: secret, enabledAt: m.time()})
		m.log(audit)
		return created, nil
	})
	return created, err
}

func (m *memory) UpdateWebhook(ctx context.Context, id uuid.UUID, update func(*admin.WebhookChange) error) (changed admin.Webhook, err error) {
	err = m.once(ctx, func() (any, error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		w, err := m.webhook(id)
		if err != nil {
			return nil, err
		}
		changed, err = m.updateWebhook(w, update)
		return changed, err
	})
	return changed, err
}

func (m *memory) updateWebhook(w *memoryWebhook, update func(*admin.WebhookChange) error) (admin.Webhook, error) {
	change := admin.WebhookChange{Now: m.time(), Webhook: w.Webhook}
	switch err := update(&change); {
	case err == admin.ErrUnchanged: //nolint:errorlint // as the contract says
		return w.Webhook, nil
	case err != nil:
		return admin.Webhook{}, err
	}
	if !change.NewSecret.IsZero() {
		w.secret, w.previous = change.NewSecret, w.secret
	}
	if change.Webhook.Enabled && !w.Enabled {
		w.enabledAt = change.Now
		for _, d := range w.deliveries {
			d.NextAt = change.Now
		}
	}
	w.Webhook = change.Webhook
	w.UpdatedAt = change.Now
	m.log(change.Audit)
	return w.Webhook, nil
}

func (m *memory) DeleteWebhook(_ context.Context, id uuid.UUID, audit func(admin.Webhook) (admin.AuditEntry, error)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	w, err := m.webhook(id)
	if err != nil {
		return err
	}
	entry, err := audit(w.Webhook)
	if err != nil {
		return err
	}
	m.webhooks = slices.DeleteFunc(m.webhooks, func(other *memoryWebhook) bool { return other == w })
	m.log(entry)
	return nil
}

func (m *memory) ListWebhooks(context.Context) (webhooks []admin.Webhook, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, w := range m.webhooks {
		webhooks = append(webhooks, w.Webhook)
	}
	return webhooks, nil
}

func (m *memory) ListDeliveries(_ context.Context, filter admin.DeliveryFilter) (deliveries []admin.Delivery, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	compare := func(a, b admin.DeliveryPosition) int {
		return cmp.Or(cmp.Compare(b.Position, a.Position), bytes.Compare(b.WebhookID[:], a.WebhookID[:]))
	}
	position := func(d *admin.Delivery) admin.DeliveryPosition {
		return admin.DeliveryPosition{Position: d.Event.Position, WebhookID: d.WebhookID}
	}
	for _, w := range m.webhooks {
		for _, held := range w.deliveries {
			d := w.shown(held)
			if (filter.WebhookID == uuid.Nil || d.WebhookID == filter.WebhookID) && (filter.State == "" || d.State == filter.State) &&
				(filter.Type == "" || d.Event.Type == filter.Type) && (filter.KeyID.IsZero() || d.Event.KeyID == filter.KeyID) &&
				(filter.After.Position == 0 || compare(position(&d), filter.After) > 0) {
				deliveries = append(deliveries, d)
			}
		}
	}
	slices.SortFunc(deliveries, func(a, b admin.Delivery) int { return compare(position(&a), position(&b)) })
	return atMost(deliveries, filter.Limit, 1000), nil
}

func (d *memoryDelivery) again(now time.Time) {
	d.State, d.Since, d.begun, d.NextAt, d.Attempts, d.EndedAt, d.lease = admin.DeliveryWaiting, now, now, now, 0, time.Time{}, uuid.Nil
}

func (m *memory) ReplayDelivery(_ context.Context, id admin.DeliveryID, audit admin.AuditEntry) (admin.Delivery, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w, err := m.webhook(id.WebhookID)
	if err != nil {
		return admin.Delivery{}, err
	}
	for _, d := range w.deliveries {
		if d.Event.ID == id.EventID {
			shown := w.shown(d)
			if err := admin.Replay(&w.Webhook, &shown, d.lease != uuid.Nil, m.time()); err != nil {
				return admin.Delivery{}, err
			}
			d.Replayed = shown.Replayed
			d.again(m.time())
			m.log(audit)
			return w.shown(d), nil
		}
	}
	return admin.Delivery{}, ration.ErrNotFound
}

func (m *memory) ReplayDead(_ context.Context, webhook uuid.UUID, most int, audit func(int) (admin.AuditEntry, error)) (count int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w, err := m.webhook(webhook)
	if err != nil {
		return 0, err
	}
	if err := admin.CanReplay(&w.Webhook); err != nil {
		return 0, err
	}
	for _, d := range w.deliveries {
		if d.State == admin.DeliveryDead && count < most {
			d.Replayed = true
			d.again(m.time())
			count++
		}
	}
	if count > 0 {
		entry, err := audit(count)
		if err != nil {
			return 0, err
		}
		m.log(entry)
	}
	return count, nil
}

func (m *memory) Backlog(context.Context) (backlogs []admin.WebhookBacklog, now time.Time, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, w := range m.webhooks {
		backlog := admin.WebhookBacklog{WebhookID: w.ID}
		for _, d := range w.deliveries {
			switch d.State {
			case admin.DeliveryWaiting:
				backlog.Waiting++
				if backlog.Oldest.IsZero() || d.Since.Before(backlog.Oldest) {
					backlog.Oldest = d.Since
				}
			case admin.DeliveryDead:
				backlog.Dead++
			}
		}
		backlogs = append(backlogs, backlog)
	}
	return backlogs, m.time(), nil
}

func (m *memory) TakeDelivery(_ context.Context, lease uuid.UUID, busy []uuid.UUID) (run admin.DeliveryRun, found bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.time()
	var of *memoryWebhook
	var next *memoryDelivery
	for _, w := range m.webhooks {
		for _, d := range w.deliveries {
			due := !d.NextAt.After(now) || d.NextAt.After(now.Add(admin.MaxDeliveryPause))
			if due && !w.heldUp(d) && !slices.Contains(busy, w.ID) && (next == nil || d.NextAt.Before(next.NextAt)) {
				of, next = w, d
			}
		}
	}
	if next == nil {
		return run, false, nil
	}
	next.lease, next.NextAt = lease, now.Add(admin.DeliveryLease)
	next.Attempts++
	run = admin.DeliveryRun{Delivery: next.Delivery, Lease: lease, URL: of.URL, Secrets: []ration.Secret{of.secret}, BegunAt: next.begun, Now: now}
	if now.Before(of.PreviousUntil) {
		run.Secrets = append(run.Secrets, of.previous)
	}
	if of.enabledAt.After(run.BegunAt) {
		run.BegunAt = of.enabledAt
	}
	return run, true, nil
}

func (m *memory) EndDelivery(_ context.Context, run admin.DeliveryRun, outcome admin.DeliveryOutcome) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	w, err := m.webhook(run.WebhookID)
	if err != nil {
		return nil // it was deleted
	}
	for _, d := range w.deliveries {
		if d.Event.ID != run.Event.ID || d.State != admin.DeliveryWaiting || d.lease != run.Lease {
			continue
		}
		d.State, d.Status, d.Problem, d.lease = outcome.State, outcome.Status, outcome.Problem, uuid.Nil
		d.NextAt = m.time().Add(min(outcome.After, admin.MaxDeliveryPause))
		if outcome.State != admin.DeliveryWaiting {
			d.EndedAt = m.time()
		}
		if outcome.State == admin.DeliveryDelivered && !d.Replayed {
			for _, behind := range w.deliveries {
				if behind.Event.KeyID == d.Event.KeyID && !w.heldUp(behind) && !behind.Replayed {
					behind.begun = m.time()
				}
			}
		}
		if outcome.Disable != "" && w.Enabled && w.URL == run.URL {
			_, err := m.updateWebhook(w, func(change *admin.WebhookChange) error { return admin.DisableWebhook(change, outcome.Disable) })
			return err
		}
	}
	return nil
}

// DeleteDeliveries has nothing to do: deliveries are deleted with their events.
func (m *memory) DeleteDeliveries(context.Context) (int, error) { return 0, nil }

package sqladmin

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

const webhookColumns = "id, url, types, enabled, disabled_reason, previous_until, created_by, created_at, updated_at"

func readWebhook(row Row) admin.Webhook {
	w := admin.Webhook{ID: row.ID(), URL: row.Text()}
	for _, kind := range row.Texts() {
		w.Types = append(w.Types, admin.EventType(kind))
	}
	w.Enabled, w.DisabledReason, w.PreviousUntil = row.Bool(), row.Text(), row.Time()
	w.CreatedBy, w.CreatedAt, w.UpdatedAt = row.Text(), row.Time(), row.Time()
	return w
}

func typeTexts(types []admin.EventType) []string {
	texts := make([]string, len(types))
	for i, kind := range types {
		texts[i] = string(kind)
	}
	return texts
}

// CreateWebhook implements admin.Webhooks. Webhooks are few, so all are counted; the lock of
// the feed keeps others from counting meanwhile.
func (s *Store) CreateWebhook(ctx context.Context, webhook admin.Webhook, secret ration.Secret, admit func(int) error, audit admin.AuditEntry) (created admin.Webhook, err error) {
	err = s.writeOnce(ctx, "creating a webhook", func(ctx context.Context, tx Tx) error {
		if _, err := lockedFeed(ctx, tx); err != nil {
			return err
		}
		webhooks, err := webhookIDs(ctx, tx)
		if err != nil {
			return err
		}
		if err := admit(len(webhooks)); err != nil {
			return err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		created = webhook
		created.CreatedAt, created.UpdatedAt = now, now
		var b Batch
		b.AddOne(Meaning{}, "INSERT INTO webhooks ("+webhookColumns+", enabled_at, secret) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			created.ID, created.URL, typeTexts(created.Types), created.Enabled, created.DisabledReason, nil, created.CreatedBy, now, now, now, secret.Reveal())
		b.Audit(audit, now)
		return tx.Run(ctx, &b)
	}, func() any { return created })
	if err != nil {
		return admin.Webhook{}, err
	}
	return created, nil
}

func webhookIDs(ctx context.Context, r Reader) (ids []uuid.UUID, err error) {
	err = r.Query(ctx, "SELECT id FROM webhooks ORDER BY id", func(row Row) { ids = append(ids, row.ID()) })
	return ids, err
}

// lockWebhook reads a webhook by the primary key, and keeps others from changing it, and
// from adding, ending or parking its deliveries. What is read after it is read anew, so that
// whoever ends the first of a line finds what was added behind it, or what is added finds
// that the line is empty.
func lockWebhook(ctx context.Context, tx Tx, id uuid.UUID) (webhook admin.Webhook, err error) {
	found := false
	err = tx.Query(ctx, "UPDATE webhooks SET url = url WHERE id = ? RETURNING "+webhookColumns, func(row Row) { webhook, found = readWebhook(row), true }, id)
	if err == nil && !found {
		err = fmt.Errorf("webhook %s: %w", id, ration.ErrNotFound)
	}
	return webhook, err
}

// UpdateWebhook implements admin.Webhooks.
func (s *Store) UpdateWebhook(ctx context.Context, id uuid.UUID, update func(*admin.WebhookChange) error) (changed admin.Webhook, err error) {
	err = s.writeOnce(ctx, "changing a webhook", func(ctx context.Context, tx Tx) error {
		webhook, err := lockWebhook(ctx, tx, id)
		if err != nil {
			return err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		changed = webhook
		change := admin.WebhookChange{Now: now, Webhook: webhook}
		if err := update(&change); err != nil {
			return err
		}
		var b Batch
		changed = b.webhook(&change, webhook.Enabled)
		return tx.Run(ctx, &b)
	}, func() any { return changed })
	if err != nil {
		return admin.Webhook{}, err
	}
	return changed, nil
}

// webhook writes what has changed of a webhook, and returns it.
func (b *Batch) webhook(change *admin.WebhookChange, wasEnabled bool) admin.Webhook {
	w, now := change.Webhook, change.Now
	w.UpdatedAt = now
	b.AddOne(Meaning{}, "UPDATE webhooks SET url = ?, types = ?, enabled = ?, disabled_reason = ?, previous_until = ?, updated_at = ? WHERE id = ?",
		w.URL, typeTexts(w.Types), w.Enabled, w.DisabledReason, orNull(w.PreviousUntil), now, w.ID)
	if !change.NewSecret.IsZero() {
		b.AddOne(Meaning{}, "UPDATE webhooks SET previous_secret = secret, secret = ? WHERE id = ?", change.NewSecret.Reveal(), w.ID)
	}
	switch {
	case wasEnabled && !w.Enabled:
		b.Add("UPDATE deliveries SET next_at = ? WHERE webhook_id = ? AND next_at IS NOT NULL", nil, w.ID)
	case w.Enabled && !wasEnabled:
		b.AddOne(Meaning{}, "UPDATE webhooks SET enabled_at = ? WHERE id = ?", now, w.ID)
		b.line(w.ID, now)
	}
	b.Audit(change.Audit, now)
	return w
}

// DeleteWebhook implements admin.Webhooks. The primary key of deliveries serves it.
func (s *Store) DeleteWebhook(ctx context.Context, id uuid.UUID, audit func(admin.Webhook) (admin.AuditEntry, error)) error {
	return s.db.Write(ctx, "deleting a webhook", func(ctx context.Context, tx Tx) error {
		webhook, err := lockWebhook(ctx, tx, id)
		if err != nil {
			return err
		}
		entry, err := audit(webhook)
		if err != nil {
			return err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		var b Batch
		b.Add("DELETE FROM deliveries WHERE webhook_id = ?", id)
		b.AddOne(Meaning{}, "DELETE FROM webhooks WHERE id = ?", id)
		b.Audit(entry, now)
		return tx.Run(ctx, &b)
	})
}

// ListWebhooks implements admin.Webhooks.
func (s *Store) ListWebhooks(ctx context.Context) (webhooks []admin.Webhook, err error) {
	err = s.db.Read(ctx, "listing webhooks", func(ctx context.Context, r Reader) error {
		webhooks = nil
		return r.Query(ctx, "SELECT "+webhookColumns+" FROM webhooks ORDER BY id", func(row Row) { webhooks = append(webhooks, readWebhook(row)) })
	})
	return webhooks, err
}

// backlog is served by the indexes deliveries_waiting and deliveries_webhook_state alone.
const backlog = `SELECT w.id,
	(SELECT count(*) FROM (SELECT 1 FROM deliveries d WHERE d.webhook_id = w.id AND d.state = 'waiting' LIMIT ?) AS waiting),
	(SELECT min(d.waits_since) FROM deliveries d WHERE d.webhook_id = w.id AND d.state = 'waiting'),
	(SELECT count(*) FROM (SELECT 1 FROM deliveries d WHERE d.webhook_id = w.id AND d.state = 'dead' LIMIT ?) AS dead)
	FROM webhooks w ORDER BY w.id`

// Backlog implements admin.Webhooks.
func (s *Store) Backlog(ctx context.Context) (backlogs []admin.WebhookBacklog, now time.Time, err error) {
	err = s.db.Read(ctx, "counting deliveries", func(ctx context.Context, r Reader) error {
		if now, err = r.Now(ctx); err != nil {
			return err
		}
		if err := r.InOrder(ctx); err != nil {
			return err
		}
		backlogs = nil
		return r.Query(ctx, backlog, func(row Row) {
			backlogs = append(backlogs, admin.WebhookBacklog{WebhookID: row.ID(), Waiting: int(row.Int()), Oldest: row.Time(), Dead: int(row.Int())})
		}, Limit(admin.MaxBacklog), Limit(admin.MaxBacklog))
	})
	return backlogs, now, err
}

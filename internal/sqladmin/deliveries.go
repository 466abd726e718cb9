package sqladmin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

const (
	defaultDeliveryLimit = 1_000

	deliveryColumns     = "d.webhook_id, d.state, d.replayed, d.waits_since, d.attempts, d.next_at, d.status, d.problem, d.ended_at, e.id, e.type, e.at, e.api_key_id, e.key_name, e.owner, e.data, e.position"
	deliveriesAndEvents = " FROM deliveries d JOIN events e ON e.position = d.position"
)

func readDelivery(row Row) admin.Delivery {
	return admin.Delivery{
		WebhookID: row.ID(), State: admin.DeliveryState(row.Text()), Replayed: row.Bool(), Since: row.Time(), Attempts: int(row.Int()), NextAt: row.Time(),
		Status: int(row.Int()), Problem: row.Text(), EndedAt: row.Time(), Event: readEvent(row),
	}
}

// deliver adds events that get their places after one to the lines of their keys to a
// webhook, which is locked. A line is what waits of a key to a webhook in order; only its
// first is due.
func (b *Batch) deliver(webhook *admin.Webhook, events []published, last int64, now time.Time) {
	var keys []ration.KeyID
	for i := range events {
		if event := &events[i]; admin.Sends(webhook, event.kind) {
			b.AddOne(Meaning{}, `INSERT INTO deliveries (webhook_id, position, api_key_id, type, state, replayed, waits_since, begun_at, attempts, status, problem)
				VALUES (?, ?, ?, ?, 'waiting', ?, ?, ?, 0, 0, '')`, webhook.ID, last+int64(i)+1, event.key, string(event.kind), false, now, now)
			keys = append(keys, event.key)
		}
	}
	slices.SortFunc(keys, func(a, b ration.KeyID) int { return bytes.Compare(a[:], b[:]) })
	for _, key := range slices.Compact(keys) {
		b.next(webhook.ID, key, false, now)
	}
}

// next makes the first of the line of a key to an enabled webhook due, if it isn't. It is
// found by the index deliveries_line. Unless the one before it has failed, its time begins
// now.
func (b *Batch) next(webhook uuid.UUID, key ration.KeyID, failed bool, now time.Time) {
	const first = `WHERE webhook_id = ? AND next_at IS NULL AND position = (
		SELECT min(position) FROM deliveries WHERE webhook_id = ? AND api_key_id = ? AND state = 'waiting' AND NOT replayed)`
	if failed {
		b.Add("UPDATE deliveries SET next_at = ? "+first, now, webhook, webhook, key)
	} else {
		b.Add("UPDATE deliveries SET next_at = ?, begun_at = ? "+first, now, now, webhook, webhook, key)
	}
}

// line makes what is not held up by an earlier one due: all that may be, after a webhook was
// enabled.
func (b *Batch) line(webhook uuid.UUID, now time.Time) {
	b.Add(`UPDATE deliveries SET next_at = ? WHERE webhook_id = ? AND state = 'waiting' AND next_at IS NULL AND (replayed OR NOT EXISTS (
		SELECT 1 FROM deliveries a WHERE a.webhook_id = deliveries.webhook_id AND a.api_key_id = deliveries.api_key_id
			AND a.state = 'waiting' AND NOT a.replayed AND a.position < deliveries.position))`, now, webhook)
}

// firstDue finds for each enabled webhook when the first and the last of its deliveries are
// due, by the index deliveries_due: webhooks are few, and what is not due costs nothing.
const firstDue = `SELECT w.id,
	(SELECT min(d.next_at) FROM deliveries d WHERE d.webhook_id = w.id AND d.next_at IS NOT NULL),
	(SELECT max(d.next_at) FROM deliveries d WHERE d.webhook_id = w.id AND d.next_at IS NOT NULL)
	FROM webhooks w WHERE w.enabled = ? ORDER BY w.id`

// dueOf finds the next deliveries of a webhook, by the index deliveries_due.
const dueOf = "SELECT position FROM deliveries WHERE webhook_id = ? AND next_at IS NOT NULL AND next_at BETWEEN ? AND ? ORDER BY next_at, position LIMIT ?"

// rivals is how many deliveries of a webhook are tried: others may take the first ones.
const rivals = 8

// dueAt is a webhook with a delivery that is due between two times.
type dueAt struct {
	webhook     uuid.UUID
	first, last time.Time
}

// TakeDelivery implements admin.Deliverer. It looks first, so that the writer is left alone
// where there is nothing.
func (s *Store) TakeDelivery(ctx context.Context, lease uuid.UUID, busy []uuid.UUID) (run admin.DeliveryRun, found bool, err error) {
	due, positions := dueAt{}, []int64(nil)
	err = s.db.Read(ctx, "looking for a delivery", func(ctx context.Context, r Reader) (err error) {
		positions = nil
		if due, err = nextDue(ctx, r, busy); err != nil || due.webhook == uuid.Nil {
			return err
		}
		return r.Query(ctx, dueOf, func(row Row) { positions = append(positions, row.Int()) }, due.webhook, due.first, due.last, Limit(rivals))
	})
	if err != nil || len(positions) == 0 {
		return run, false, err
	}
	err = s.db.Write(ctx, "taking a delivery", func(ctx context.Context, tx Tx) error {
		for _, position := range positions {
			if run, found, err = take(ctx, tx, lease, due, position); err != nil || found {
				return err
			}
		}
		return admin.ErrUnchanged // other instances were first
	})
	if err != nil {
		return admin.DeliveryRun{}, false, err
	}
	return run, found, nil
}

// nextDue finds the webhook that has waited longest. What is due later than there can be a
// pause was written by a clock that was ahead.
func nextDue(ctx context.Context, r Reader, busy []uuid.UUID) (next dueAt, err error) {
	now, err := r.Now(ctx)
	if err != nil {
		return next, err
	}
	latest := now.Add(admin.MaxDeliveryPause)
	err = r.Query(ctx, firstDue, func(row Row) {
		id, first, last := uuid.UUID(row.ID()), row.Time(), row.Time()
		due := dueAt{id, first, now}
		if last.After(latest) && first.After(now) {
			due = dueAt{id, latest, last}
		}
		if first.IsZero() || due.first.After(due.last) || slices.Contains(busy, id) {
			return
		}
		if next.webhook == uuid.Nil || first.Before(next.first) {
			next = due
		}
	}, true)
	return next, err
}

func take(ctx context.Context, tx Tx, lease uuid.UUID, due dueAt, position int64) (run admin.DeliveryRun, found bool, err error) {
	now, err := tx.Now(ctx)
	if err != nil {
		return run, false, err
	}
	taken := false
	run = admin.DeliveryRun{Lease: lease, Now: now}
	err = tx.Query(ctx, "UPDATE deliveries SET lease_id = ?, next_at = ?, attempts = attempts + 1 WHERE webhook_id = ? AND position = ? AND state = 'waiting' AND next_at BETWEEN ? AND ? RETURNING begun_at",
		func(row Row) { run.BegunAt, taken = row.Time(), true }, lease, now.Add(admin.DeliveryLease), due.webhook, position, due.first, due.last)
	if err != nil || !taken {
		return run, false, err
	}
	err = tx.Query(ctx, "SELECT "+deliveryColumns+", w.url, w.secret, w.previous_secret, w.previous_until, w.enabled_at"+deliveriesAndEvents+" JOIN webhooks w ON w.id = d.webhook_id WHERE d.webhook_id = ? AND d.position = ?", func(row Row) {
		run.Delivery, run.URL, found = readDelivery(row), row.Text(), true
		run.Secrets = []ration.Secret{ration.SecretFromText(row.Text())}
		if previous, until := row.Text(), row.Time(); previous != "" && now.Before(until) {
			run.Secrets = append(run.Secrets, ration.SecretFromText(previous))
		}
		if enabled := row.Time(); enabled.After(run.BegunAt) {
			run.BegunAt = enabled
		}
	}, due.webhook, position)
	return run, found, err
}

// EndDelivery implements admin.Deliverer. It locks the webhook, as publishing does, so that
// no delivery is forgotten that is added behind the one that ends.
func (s *Store) EndDelivery(ctx context.Context, run admin.DeliveryRun, outcome admin.DeliveryOutcome) error {
	err := s.db.Write(ctx, "ending a delivery", func(ctx context.Context, tx Tx) error {
		webhook, err := lockWebhook(ctx, tx, run.WebhookID)
		if err != nil {
			return err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		replayed, held := false, false
		err = tx.Query(ctx, "SELECT replayed FROM deliveries WHERE webhook_id = ? AND position = ? AND lease_id = ? AND state = 'waiting'",
			func(row Row) { replayed, held = row.Bool(), true }, run.WebhookID, run.Event.Position, run.Lease)
		if err != nil {
			return err
		}
		if !held {
			return admin.ErrUnchanged
		}
		var b Batch
		if outcome.Disable != "" && webhook.Enabled && webhook.URL == run.URL { // another address may not be gone
			change := admin.WebhookChange{Now: now, Webhook: webhook}
			if err := admin.DisableWebhook(&change, outcome.Disable); err != nil {
				return err
			}
			webhook = b.webhook(&change, true)
		}
		var next, ended any
		if ends := outcome.State != admin.DeliveryWaiting; ends {
			ended = now
		} else if webhook.Enabled {
			next = now.Add(min(outcome.After, admin.MaxDeliveryPause))
		}
		b.Add("UPDATE deliveries SET state = ?, next_at = ?, status = ?, problem = ?, ended_at = ?, lease_id = ? WHERE webhook_id = ? AND position = ? AND lease_id = ?",
			string(outcome.State), next, int64(outcome.Status), outcome.Problem, ended, nil, run.WebhookID, run.Event.Position, run.Lease)
		if ended != nil && !replayed && webhook.Enabled {
			b.next(run.WebhookID, run.Event.KeyID, outcome.State == admin.DeliveryDead, now)
		}
		return tx.Run(ctx, &b)
	})
	if errors.Is(err, ration.ErrNotFound) {
		return nil // the webhook was deleted
	}
	return err
}

// ListDeliveries implements admin.Webhooks. The index deliveries_position is the order, or
// that of what is selected: deliveries_key, deliveries_state, deliveries_webhook_state, or
// the primary key.
func (s *Store) ListDeliveries(ctx context.Context, filter admin.DeliveryFilter) (deliveries []admin.Delivery, err error) {
	by := order{[]string{"d.position", "d.webhook_id"}, true}
	var where Where
	if filter.WebhookID != uuid.Nil {
		where.And("d.webhook_id = ?", filter.WebhookID)
	}
	if !filter.KeyID.IsZero() {
		where.And("d.api_key_id = ?", filter.KeyID)
	}
	where.andText("d.state", string(filter.State))
	where.andText("d.type", string(filter.Type))
	if after := filter.After; after.Position > 0 {
		where.after(by, after.Position, after.WebhookID)
	}
	sql := "SELECT " + deliveryColumns + deliveriesAndEvents + where.SQL() + by.SQL() + " LIMIT ?"
	args := where.With(LimitOr(filter.Limit, defaultDeliveryLimit))
	err = s.db.Read(ctx, "listing deliveries", func(ctx context.Context, r Reader) error {
		if err := r.InOrder(ctx); err != nil {
			return err
		}
		deliveries = nil
		return r.Query(ctx, sql, func(row Row) { deliveries = append(deliveries, readDelivery(row)) }, args...)
	})
	return deliveries, err
}

// ReplayDelivery implements admin.Webhooks.
func (s *Store) ReplayDelivery(ctx context.Context, id admin.DeliveryID, audit admin.AuditEntry) (delivery admin.Delivery, err error) {
	err = s.db.Write(ctx, "replaying a delivery", func(ctx context.Context, tx Tx) error {
		webhook, err := lockWebhook(ctx, tx, id.WebhookID)
		if err != nil {
			return err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		found, leased := false, false
		err = tx.Query(ctx, "SELECT "+deliveryColumns+", d.lease_id"+deliveriesAndEvents+" WHERE d.webhook_id = ? AND e.id = ?",
			func(row Row) { delivery, leased, found = readDelivery(row), row.OptionalID() != uuid.Nil, true }, id.WebhookID, id.EventID)
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("event %s to webhook %s: %w", id.EventID, id.WebhookID, ration.ErrNotFound)
		}
		if err := admin.Replay(&webhook, &delivery, leased, now); err != nil {
			return err
		}
		var b Batch
		b.AddOne(Meaning{}, "UPDATE deliveries SET state = 'waiting', replayed = ?, waits_since = ?, begun_at = ?, next_at = ?, attempts = 0, ended_at = ?, lease_id = ? WHERE webhook_id = ? AND position = ?",
			delivery.Replayed, now, now, now, nil, nil, id.WebhookID, delivery.Event.Position)
		b.Audit(audit, now)
		return tx.Run(ctx, &b)
	})
	if err != nil {
		return admin.Delivery{}, err
	}
	return delivery, nil
}

// ReplayDead implements admin.Webhooks. The index deliveries_webhook_state has what is dead.
func (s *Store) ReplayDead(ctx context.Context, id uuid.UUID, most int, audit func(int) (admin.AuditEntry, error)) (count int, err error) {
	err = s.db.Write(ctx, "replaying dead deliveries", func(ctx context.Context, tx Tx) error {
		webhook, err := lockWebhook(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := admin.CanReplay(&webhook); err != nil {
			return err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		count = 0
		err = tx.Query(ctx, `UPDATE deliveries SET state = 'waiting', replayed = ?, waits_since = ?, begun_at = ?, next_at = ?, attempts = 0, ended_at = ?
			WHERE webhook_id = ? AND position IN (SELECT position FROM deliveries WHERE webhook_id = ? AND state = 'dead' ORDER BY position LIMIT ?) RETURNING position`,
			func(Row) { count++ }, true, now, now, now, nil, id, id, Limit(most))
		if err != nil {
			return err
		}
		if count == 0 {
			return admin.ErrUnchanged
		}
		entry, err := audit(count)
		if err != nil {
			return err
		}
		var b Batch
		b.Audit(entry, now)
		return tx.Run(ctx, &b)
	})
	if err != nil {
		return 0, err
	}
	return count, nil
}

// orphans is served by the index deliveries_position.
const orphans = "SELECT webhook_id, position, api_key_id FROM deliveries WHERE position <= (SELECT max(deleted) FROM event_feed) ORDER BY position, webhook_id LIMIT ?"

// DeleteDeliveries implements admin.Webhooks. One transaction locks one webhook.
func (s *Store) DeleteDeliveries(ctx context.Context) (deleted int, err error) {
	var webhook uuid.UUID
	var positions []int64
	keys := map[ration.KeyID]bool{}
	err = s.db.Read(ctx, "looking for deliveries of deleted events", func(ctx context.Context, r Reader) error {
		webhook, positions = uuid.Nil, nil
		return r.Query(ctx, orphans, func(row Row) {
			id, position, key := uuid.UUID(row.ID()), row.Int(), row.ID()
			if webhook == uuid.Nil {
				webhook = id
			}
			if id == webhook {
				positions, keys[key] = append(positions, position), true
			}
		}, Limit(admin.MostPublished))
	})
	if err != nil || len(positions) == 0 {
		return 0, err
	}
	err = s.db.Write(ctx, "deleting deliveries of deleted events", func(ctx context.Context, tx Tx) error {
		locked, err := lockWebhook(ctx, tx, webhook)
		if err != nil {
			return err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		var b Batch
		for _, position := range positions {
			b.Add("DELETE FROM deliveries WHERE webhook_id = ? AND position = ?", webhook, position)
		}
		for key := range keys {
			if locked.Enabled {
				b.next(webhook, key, false, now)
			}
		}
		return tx.Run(ctx, &b)
	})
	if errors.Is(err, ration.ErrNotFound) { // it was deleted meanwhile, with its deliveries
		return len(positions), nil
	}
	if err != nil {
		return 0, err
	}
	return len(positions), nil
}

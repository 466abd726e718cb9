package sqladmin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

const linkColumns = "api_key_id, label, created_by, created_at, expires_at, picked_up_at"

func readLink(row Row) admin.PickupLink {
	return admin.PickupLink{
		KeyID: row.ID(), Label: row.Text(), CreatedBy: row.Text(), CreatedAt: row.Time(), ExpiresAt: row.Time(), PickedUpAt: row.Time(),
	}
}

// linkOf reads a link by the primary key.
func linkOf(ctx context.Context, r Reader, code ration.Digest) (link admin.PickupLink, err error) {
	found := false
	err = r.Query(ctx, "SELECT "+linkColumns+" FROM pickup_links WHERE digest = ?", func(row Row) { link, found = readLink(row), true }, code)
	if err == nil && !found {
		err = fmt.Errorf("a link: %w", ration.ErrNotFound)
	}
	return link, err
}

// PickupLink implements admin.KeyRequests, by primary keys.
func (s *Store) PickupLink(ctx context.Context, code ration.Digest) (found admin.FoundPickup, err error) {
	err = s.db.Read(ctx, "reading a link", func(ctx context.Context, r Reader) error {
		found = admin.FoundPickup{}
		if found.Now, err = r.Now(ctx); err != nil {
			return err
		}
		if found.Link, err = linkOf(ctx, r, code); err != nil {
			return err
		}
		id := found.Link.KeyID
		err = r.Query(ctx, "SELECT status FROM api_keys WHERE id = ?", func(row Row) { found.Status = ration.Status(row.Text()) }, id)
		if err != nil {
			return err
		}
		return r.Query(ctx, "SELECT "+requestColumns+requestsAndKeys+" WHERE r.api_key_id = ?", func(row Row) {
			request := readRequest(row, found.Now)
			found.Request = &request
		}, id)
	})
	if err != nil {
		return admin.FoundPickup{}, err
	}
	return found, nil
}

// insertAsked adds what a change writes of requests and links. Everybody who changes those
// of a key has its lock, so the conditions only say twice what was read under it.
func (b *Batch) insertAsked(change *admin.KeyChange) {
	asked, id := &change.Asked, change.Key.ID
	if request := asked.Request; request != nil {
		b.AddOne(Meaning{}, "INSERT INTO key_requests (api_key_id, email, reason, from_address, asked_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
			id, request.Email, request.Reason, request.From, request.AskedAt, request.ExpiresAt)
	}
	if decision := asked.Decision; decision != nil {
		b.Add("UPDATE key_requests SET decision = ?, decided_at = ?, decided_by = ?, decision_reason = ? WHERE api_key_id = ? AND decision = ''",
			string(decision.State), change.Now, decision.By, decision.Reason, id)
		if !decision.PickupUntil.IsZero() {
			b.Add("UPDATE pickup_links SET expires_at = ? WHERE api_key_id = ? AND picked_up_at IS NULL", decision.PickupUntil, id)
		}
	}
	if link := asked.Link; link != nil {
		b.AddOne(Meaning{Taken: fmt.Errorf("a link for %s: %w", id, ration.ErrExists)}, "INSERT INTO pickup_links (digest, "+linkColumns+") VALUES (?, ?, ?, ?, ?, ?, ?)",
			link.Code, id, link.Label, link.CreatedBy, link.CreatedAt, link.ExpiresAt, nil)
	}
	if code := asked.PickedUp; code != nil {
		b.AddOne(Meaning{Missing: &admin.PickupError{State: admin.RequestPickedUp}},
			"UPDATE pickup_links SET picked_up_at = ? WHERE digest = ? AND api_key_id = ? AND picked_up_at IS NULL", change.Now, *code, id)
		b.Add("UPDATE key_requests SET picked_up_at = ? WHERE api_key_id = ? AND picked_up_at IS NULL", change.Now, id)
	}
}

// requestsAtOnce bounds how long the keys of requests that are deleted stay locked.
const requestsAtOnce = 100

// DeleteKeyRequests implements admin.KeyRequests. It looks first, so that the writer is left
// alone where there is nothing. The index key_requests_decision serves it, and
// pickup_links_expires.
func (s *Store) DeleteKeyRequests(ctx context.Context, now time.Time) (deleted int, err error) {
	var old []ration.KeyID
	var links []ration.Digest
	err = s.db.Read(ctx, "looking for old requests for keys", func(ctx context.Context, r Reader) error {
		old, links = nil, nil
		before, err := earlier(ctx, r, now)
		if err != nil {
			return err
		}
		add := func(row Row) { old = append(old, row.ID()) }
		if err := r.Query(ctx, "SELECT api_key_id FROM key_requests WHERE decision = '' AND expires_at < ? ORDER BY api_key_id LIMIT ?", add, before.Add(-admin.RequestRetention), Limit(requestsAtOnce)); err != nil {
			return err
		}
		if err := r.Query(ctx, "SELECT api_key_id FROM key_requests WHERE decision = 'rejected' AND decided_at < ? ORDER BY api_key_id LIMIT ?", add, before.Add(-admin.RequestRetention), Limit(requestsAtOnce-len(old))); err != nil || len(old) > 0 {
			return err
		}
		return r.Query(ctx, "SELECT digest FROM pickup_links WHERE expires_at < ? ORDER BY expires_at LIMIT ?", func(row Row) { links = append(links, row.Digest()) }, before.Add(-admin.PickupRetention), Limit(requestsAtOnce))
	})
	switch {
	case err != nil:
		return 0, err
	case len(old) > 0:
		return s.deleteRequests(ctx, old)
	case len(links) > 0:
		return s.deleteLinks(ctx, links, now)
	}
	return 0, nil
}

// earlier returns the earlier one of two clocks: one that is ahead deletes nothing.
func earlier(ctx context.Context, r Reader, now time.Time) (time.Time, error) {
	own, err := r.Now(ctx)
	if now.Before(own) {
		own = now
	}
	return own, err
}

// deleteRequests deletes requests that nobody can decide any more, with their keys. A key
// that somebody else has deleted meanwhile ends it, until the next time.
func (s *Store) deleteRequests(ctx context.Context, ids []ration.KeyID) (deleted int, err error) {
	if ids, err = admin.LockOrder(ids); err != nil {
		return 0, err
	}
	err = s.db.Write(ctx, "deleting old requests for keys", func(ctx context.Context, tx Tx) error {
		if err := tx.LockKeys(ctx, ids); err != nil {
			return err
		}
		records, err := readKeysByID(ctx, tx, ids)
		if err != nil {
			return err
		}
		usage, err := tx.Usage(ctx, ids)
		if err != nil {
			return err
		}
		var b Batch
		for i := range records {
			id := records[i].ID
			b.Add("DELETE FROM pickup_links WHERE api_key_id = ?", id)
			b.Add("DELETE FROM key_requests WHERE api_key_id = ?", id)
			if admin.NeverUsed(&records[i], usage[id]) {
				b.deleteKey(id)
			}
		}
		deleted = len(records)
		return tx.Run(ctx, &b)
	})
	switch {
	case errors.Is(err, ration.ErrNotFound):
		return 0, nil
	case err != nil:
		return 0, err
	}
	return deleted, nil
}

// deleteKey deletes a key on which nothing was ever counted, its lock last but one. Events
// come before deliveries: whoever publishes one meanwhile has its lock, and ends first.
func (b *Batch) deleteKey(id ration.KeyID) {
	for _, table := range []string{"key_words", "api_key_limits", "api_key_limits_beneath", "event_marks", "events", "deliveries", "key_usage"} {
		b.Add("DELETE FROM "+table+" WHERE api_key_id = ?", id)
	}
	b.Add("DELETE FROM api_keys WHERE id = ?", id)
}

func (s *Store) deleteLinks(ctx context.Context, codes []ration.Digest, now time.Time) (int, error) {
	err := s.db.Write(ctx, "deleting old links", func(ctx context.Context, tx Tx) error {
		before, err := earlier(ctx, tx, now)
		if err != nil {
			return err
		}
		var b Batch
		for _, code := range codes {
			b.Add("DELETE FROM pickup_links WHERE digest = ? AND expires_at < ?", code, before.Add(-admin.PickupRetention))
		}
		return tx.Run(ctx, &b)
	})
	if err != nil {
		return 0, err
	}
	return len(codes), nil
}

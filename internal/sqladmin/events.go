package sqladmin

import (
	"context"
	"errors"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

const (
	defaultEventLimit = 1_000

	eventColumns = "id, type, at, api_key_id, key_name, owner, data"
)

// Event adds an event of what the transaction changes. The key is locked, or new.
func (b *Batch) Event(event *admin.NewEvent) {
	b.AddOne(Meaning{}, "INSERT INTO events ("+eventColumns+") VALUES (?, ?, ?, ?, ?, ?, ?)",
		orNewID(event.ID), string(event.Type), event.At, event.KeyID, event.KeyName, event.Owner, string(event.Data))
}

// events adds what a change of a key tells.
func (b *Batch) events(change *admin.KeyChange, before *admin.KeyRecord) {
	events := admin.EventsOf(change, before)
	for i := range events {
		b.Event(&events[i])
	}
}

// lockFeed keeps others from giving places until the transaction ends, and returns the
// last one that was given.
const lockFeed = "INSERT INTO event_feed (only_row, last) VALUES (?, ?) ON CONFLICT (only_row) DO UPDATE SET last = event_feed.last RETURNING last"

// lockedFeed takes this lock.
func lockedFeed(ctx context.Context, tx Tx) (last int64, err error) {
	err = tx.Query(ctx, lockFeed, func(row Row) { last = row.Int() }, true, int64(admin.FeedBegins))
	return last, err
}

// unpublished is served by the index events_unpublished.
const unpublished = "SELECT seq, api_key_id, type FROM events WHERE position IS NULL ORDER BY seq LIMIT ?"

// published is an event that gets its place.
type published struct {
	seq  int64
	key  ration.KeyID
	kind admin.EventType
}

// PublishEvents implements admin.Events. It looks first, so that the writer is left alone
// where there is nothing. What is read after the lock is read anew, so an event that is not
// seen then gets a later place by whoever has the lock next. An event of a key is seen only
// together with all earlier ones of the key, whose lock their transactions held.
func (s *Store) PublishEvents(ctx context.Context) (published int, err error) {
	found := false
	err = s.db.Read(ctx, "looking for new events", func(ctx context.Context, r Reader) error {
		found = false
		return r.Query(ctx, unpublished, func(Row) { found = true }, Limit(1))
	})
	if err != nil || !found {
		return 0, err
	}
	err = s.db.Write(ctx, "publishing events", func(ctx context.Context, tx Tx) error {
		published, err = publish(ctx, tx)
		return err
	})
	if err != nil {
		return 0, err
	}
	return published, nil
}

// publish locks the feed before webhooks, and these in the order of their ids.
func publish(ctx context.Context, tx Tx) (count int, err error) {
	last, err := lockedFeed(ctx, tx)
	if err != nil {
		return 0, err
	}
	ids, err := webhookIDs(ctx, tx)
	if err != nil {
		return 0, err
	}
	var events []published
	err = tx.Query(ctx, unpublished, func(row Row) {
		events = append(events, published{row.Int(), row.ID(), admin.EventType(row.Text())})
	}, Limit(admin.PublishedAtOnce(len(ids))))
	if err != nil {
		return 0, err
	}
	if len(events) == 0 {
		return 0, admin.ErrUnchanged // another instance was first
	}
	var b Batch
	for i := range events {
		b.AddOne(Meaning{}, "UPDATE events SET position = ? WHERE seq = ?", last+int64(i)+1, events[i].seq)
	}
	for _, id := range ids {
		webhook, err := lockWebhook(ctx, tx, id)
		if errors.Is(err, ration.ErrNotFound) {
			continue // it was deleted meanwhile
		}
		if err != nil {
			return 0, err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return 0, err
		}
		b.deliver(&webhook, events, last, now)
	}
	b.AddOne(Meaning{}, "UPDATE event_feed SET last = ?", last+int64(len(events)))
	return len(events), tx.Run(ctx, &b)
}

// ListEvents implements admin.Events. It reads the unique index of positions, or for one
// key the index events_key.
func (s *Store) ListEvents(ctx context.Context, filter admin.EventFilter) (page admin.EventsPage, err error) {
	by := order{[]string{"position"}, filter.Latest}
	var where Where
	if !filter.KeyID.IsZero() {
		where.And("api_key_id = ?", filter.KeyID)
	}
	where.And("position > ?", filter.After)
	if filter.Before > 0 {
		where.And("position < ?", filter.Before)
	}
	where.andText("type", string(filter.Type))
	sql := "SELECT " + eventColumns + ", position FROM events" + where.SQL() + by.SQL() + " LIMIT ?"
	limit := LimitOr(filter.Limit, defaultEventLimit)
	args := where.With(limit)
	err = s.db.Read(ctx, "listing events", func(ctx context.Context, r Reader) error {
		feed := admin.Feed{Last: admin.FeedBegins}
		if err := r.Query(ctx, "SELECT last, deleted FROM event_feed", func(row Row) { feed = admin.Feed{Last: row.Int(), Deleted: row.Int()} }); err != nil {
			return err
		}
		if err := errors.Join(feed.Check(filter.After), r.InOrder(ctx)); err != nil {
			return err
		}
		var events []admin.Event
		if err := r.Query(ctx, sql, func(row Row) { events = append(events, readEvent(row)) }, args...); err != nil {
			return err
		}
		if filter.Latest {
			page = feed.Latest(events, int(limit))
		} else {
			page = feed.Page(events, int(limit))
		}
		return nil
	})
	return page, err
}

func readEvent(row Row) admin.Event {
	return admin.Event{
		ID: row.ID(), Type: admin.EventType(row.Text()), At: row.Time(), KeyID: row.ID(), KeyName: row.Text(), Owner: row.Text(),
		Data: row.JSON(), Position: row.Int(),
	}
}

// expiringSoon is served by the index api_keys_expiring.
const expiringSoon = `SELECT id FROM api_keys WHERE expires_at IS NOT NULL AND expiry_told_at IS NULL AND expires_at > ? AND expires_at <= ?
	AND status IN ('active', 'disabled') ORDER BY expires_at LIMIT ?`

// TellExpiring implements admin.Events. It looks first, so that the writer is left alone
// where there is nothing. A key that somebody deletes meanwhile ends it, until the next time.
func (s *Store) TellExpiring(ctx context.Context) (told int, err error) {
	var soon []ration.KeyID
	err = s.db.Read(ctx, "looking for keys that expire soon", func(ctx context.Context, r Reader) error {
		soon = nil
		now, err := r.Now(ctx)
		if err != nil {
			return err
		}
		return r.Query(ctx, expiringSoon, func(row Row) { soon = append(soon, row.ID()) }, now, now.Add(admin.ExpiringWithin), Limit(admin.MaxKeysAtOnce))
	})
	if err != nil || len(soon) == 0 {
		return 0, err
	}
	if soon, err = admin.LockOrder(soon); err != nil {
		return 0, err
	}
	err = s.db.Write(ctx, "telling that keys expire soon", func(ctx context.Context, tx Tx) error {
		told, err = tellExpiring(ctx, tx, soon)
		return err
	})
	switch {
	case errors.Is(err, ration.ErrNotFound):
		return 0, nil
	case err != nil:
		return 0, err
	}
	return told, nil
}

func tellExpiring(ctx context.Context, tx Tx, ids []ration.KeyID) (told int, err error) {
	if err := tx.LockKeys(ctx, ids); err != nil {
		return 0, err
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return 0, err
	}
	untold := make(map[ration.KeyID]bool, len(ids)) // by another instance
	if err := tx.Query(ctx, "SELECT id FROM api_keys WHERE id IN (?) AND expiry_told_at IS NULL", func(row Row) { untold[row.ID()] = true }, ids); err != nil {
		return 0, err
	}
	records, err := readKeysByID(ctx, tx, ids)
	if err != nil {
		return 0, err
	}
	var b Batch
	for i := range records {
		event, soon := admin.ExpiringOf(&records[i].Key, now)
		if !soon || !untold[records[i].ID] {
			continue
		}
		told++
		b.Event(&event)
		b.AddOne(Meaning{}, "UPDATE api_keys SET expiry_told_at = ? WHERE id = ?", now, records[i].ID)
	}
	if told == 0 {
		return 0, admin.ErrUnchanged
	}
	return told, tx.Run(ctx, &b)
}

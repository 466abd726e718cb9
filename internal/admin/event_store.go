package admin

import (
	"context"
	"time"
)

// Events stores what has happened to keys. What happens is written in the transaction in
// which it happens: see [EventsOf] and [DecidedEvents]. There it has no place in the feed
// yet, because transactions end in another order than they begin in. Publishing gives it
// one, so that whoever has read up to a place has missed nothing.
type Events interface {
	// PublishEvents gives the next events that were committed places after all that have
	// one, at most [MostPublished] of them, and returns how many; 0: there were none.
	// Events of one key get them in the order in which they happened. In the same
	// transaction it writes the deliveries of each event: see [Webhooks]. Several instances
	// may do so at once.
	PublishEvents(ctx context.Context) (published int, err error)
	// ListEvents returns the events of the feed that match, in its order, as [Feed] says.
	// How far the feed goes is of the same instant as the events.
	ListEvents(ctx context.Context, filter EventFilter) (EventsPage, error)
	// TellExpiring tells the next keys that expire soon, as [ExpiringOf] says, at most
	// MaxKeysAtOnce of them, and returns how many it has told. A key that was told of its
	// expiry isn't told again.
	TellExpiring(ctx context.Context) (told int, err error)
}

const (
	// MostPublished is how many events one transaction publishes, or fewer where each goes
	// to many webhooks: see [PublishedAtOnce].
	MostPublished = 250
	// mostDeliveries bounds how many deliveries one transaction writes. With SQLite, whoever
	// decides waits for that transaction.
	mostDeliveries = 250
	// mostPublishing bounds how many transactions one caller publishes with: those who come
	// later go on.
	mostPublishing = 200
)

// Publish publishes what has been committed. Whoever reads the feed does, and so do stores
// before they delete old events, for those that nobody reads have no place either.
func Publish(ctx context.Context, events Events) error {
	for range mostPublishing {
		published, err := events.PublishEvents(ctx)
		if err != nil || published == 0 {
			return err
		}
	}
	return nil
}

// PublishedAtOnce returns how many events one transaction publishes, if there are so many
// webhooks.
func PublishedAtOnce(webhooks int) int { return min(MostPublished, mostDeliveries/max(1, webhooks)) }

// DeleteDeliveries deletes all deliveries whose events were deleted.
func DeleteDeliveries(ctx context.Context, webhooks Webhooks) error {
	for {
		deleted, err := webhooks.DeleteDeliveries(ctx)
		if err != nil || deleted == 0 {
			return err
		}
	}
}

// NewEvent is an event to be written, unless an event of its key with the same mark was
// written before.
type NewEvent struct {
	Event
	Mark     string    // empty: it is written in any case
	MarkEnds time.Time // until when the mark has to be kept; zero: for ever
}

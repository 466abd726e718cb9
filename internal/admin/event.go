package admin

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// actionRotate is the action of a change that makes a new secret in the place of one.
const actionRotate = "key.rotate"

// EventsOf returns what a change of a key tells. Before is the key as it was; nil: it is
// new. Stores write the events in the transaction of the change.
func EventsOf(change *KeyChange, before *KeyRecord) (events []NewEvent) {
	tell := func(kind EventType, data fields) { events = append(events, change.event(kind, data)) }
	key := &change.Key
	data := fields{"status": key.Status}
	data.add("plan", key.Plan, key.Plan != "")
	data.add("expires_at", key.ExpiresAt, !key.ExpiresAt.IsZero())
	if before == nil {
		if key.Status == ration.StatusPending {
			tell(EventKeyRequested, data)
		} else {
			tell(EventKeyCreated, data)
		}
		return events
	}
	if kind := eventOfStatus(before.Status, key.Status); kind != "" {
		tell(kind, data)
	}
	if change.Audit.Action == actionRotate {
		for i := range change.NewSecrets {
			secret := &change.NewSecrets[i]
			tell(EventKeyRotated, fields{"secret_id": secret.ID, "label": secret.Label})
		}
	}
	return events
}

// eventOfStatus returns what a change between two states tells; empty: nothing.
func eventOfStatus(before, after ration.Status) EventType {
	switch {
	case before == after:
		return ""
	case after == ration.StatusActive && before == ration.StatusPending:
		return EventKeyApproved
	case after == ration.StatusActive:
		return EventKeyEnabled
	case after == ration.StatusDisabled:
		return EventKeyDisabled
	case after == ration.StatusRevoked:
		return EventKeyRevoked
	case after == ration.StatusRejected:
		return EventKeyRejected
	}
	return ""
}

func (c *KeyChange) event(kind EventType, data fields) NewEvent {
	return newEvent(kind, c.Now, &c.Key.Key, data)
}

func newEvent(kind EventType, at time.Time, key *ration.Key, data fields) NewEvent {
	text, err := json.Marshal(data)
	if err != nil { // of texts, numbers and times
		panic("writing the data of an event: " + err.Error())
	}
	return NewEvent{Event: Event{ID: uuid.Must(uuid.NewV7()), Type: kind, At: at, KeyID: key.ID, KeyName: key.Name, Owner: key.Owner, Data: text}}
}

// ExpiringOf returns that a key expires soon, or false if it doesn't: it is told once of
// each expiry.
func ExpiringOf(key *ration.Key, now time.Time) (NewEvent, bool) {
	left := key.ExpiresAt.Sub(now)
	if key.ExpiresAt.IsZero() || left <= 0 || left > ExpiringWithin || key.Status != ration.StatusActive && key.Status != ration.StatusDisabled {
		return NewEvent{}, false
	}
	return newEvent(EventKeyExpiring, now, key, fields{"expires_at": key.ExpiresAt}), true
}

// DecidedEvents returns what the items of an account have caused. Stores write them, and
// what the items have changed, in one transaction.
func DecidedEvents(account *ledger.Account) []NewEvent {
	key, decided := account.Events()
	if len(decided) == 0 {
		return nil
	}
	events := make([]NewEvent, len(decided))
	for i := range decided {
		events[i] = decidedEvent(key, &decided[i])
	}
	return events
}

func decidedEvent(key *ration.Key, decided *ledger.Event) NewEvent {
	limit := &decided.Limit
	number := func(units int64) json.Number { return json.Number(limit.Unit.Text(units)) }
	data := fields{"meter": limit.Meter, "period": limit.Period}
	data.add("limit", limit.Name, limit.Name != "")
	data.add("resets_at", decided.EndsAt, !decided.EndsAt.IsZero())
	var event NewEvent
	// The name of a limit may change; its meter and period say which one it is. With another
	// quantity, or after a reset, it is told anew.
	about := fmt.Sprintf("%s %s %d", limit.Meter, limit.Period, decided.Period)
	if decided.Kind == ledger.LimitReached {
		data["threshold"], data["quantity"], data["used"] = decided.Threshold, number(limit.Quantity), number(decided.Units)
		event = newEvent(EventLimitThreshold, decided.At, key, data)
		event.Mark = fmt.Sprintf("limit %s %d %d%% %d", about, limit.Quantity, decided.Threshold, decided.Epoch)
	} else {
		data["most"], data["given_back"] = number(decided.Most), number(decided.Units)
		event = newEvent(EventRefundsExhausted, decided.At, key, data)
		event.Mark = fmt.Sprintf("refunds %s %d %d", about, decided.Most, decided.Epoch)
	}
	event.MarkEnds = decided.RememberUntil()
	return event
}

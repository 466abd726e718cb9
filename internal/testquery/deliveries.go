package testquery

import (
	"context"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sqladmin"
)

// Deliveries does with webhooks what can be done, and returns what was asked and written for
// that. There must be a webhook, and events of a key that have no place yet.
func Deliveries(ctx context.Context, db sqladmin.DB, webhook uuid.UUID, key ration.KeyID) (asked []Asked, err error) {
	store := sqladmin.New(noting{db, &asked})
	if _, err := store.PublishEvents(ctx); err != nil {
		return nil, err
	}
	for _, state := range []admin.DeliveryState{admin.DeliveryWaiting, admin.DeliveryDelivered, admin.DeliveryDead} {
		run, found, err := store.TakeDelivery(ctx, uuid.New(), nil)
		if err == nil && found {
			err = store.EndDelivery(ctx, run, admin.DeliveryOutcome{State: state})
		}
		if err != nil {
			return nil, err
		}
	}
	audit := admin.AuditEntry{Actor: "test", Action: "test", Target: "test"}
	if _, err := store.ReplayDead(ctx, webhook, 1, func(int) (admin.AuditEntry, error) { return audit, nil }); err != nil {
		return nil, err
	}
	for _, enabled := range []bool{false, true} {
		_, err := store.UpdateWebhook(ctx, webhook, func(change *admin.WebhookChange) error {
			change.Webhook.Enabled, change.Audit = enabled, audit
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	after := admin.DeliveryPosition{Position: 1 << 40}
	for _, filter := range []admin.DeliveryFilter{
		{},
		{After: after},
		{WebhookID: webhook},
		{WebhookID: webhook, After: after},
		{State: admin.DeliveryDead},
		{State: admin.DeliveryDead, After: after},
		{WebhookID: webhook, State: admin.DeliveryDead},
		{KeyID: key},
		{KeyID: key, State: admin.DeliveryWaiting},
	} {
		filter.Limit = 100
		if _, err := store.ListDeliveries(ctx, filter); err != nil {
			return nil, err
		}
	}
	if _, _, err := store.Backlog(ctx); err != nil {
		return nil, err
	}
	_, err = store.DeleteDeliveries(ctx)
	return asked, err
}

// Write implements sqladmin.DB.
func (n noting) Write(ctx context.Context, doing string, change func(context.Context, sqladmin.Tx) error) error {
	return n.DB.Write(ctx, doing, func(ctx context.Context, tx sqladmin.Tx) error {
		return change(ctx, notingTx{tx, notingReader{tx, n.asked}})
	})
}

type notingTx struct {
	sqladmin.Tx
	reader notingReader
}

// Query implements sqladmin.Reader.
func (t notingTx) Query(ctx context.Context, sql string, each func(sqladmin.Row), args ...any) error {
	return t.reader.Query(ctx, sql, each, args...)
}

// Run implements sqladmin.Tx.
func (t notingTx) Run(ctx context.Context, batch *sqladmin.Batch) error {
	for _, statement := range batch.Statements {
		*t.reader.asked = append(*t.reader.asked, Asked{statement.SQL, statement.Args, 0})
	}
	return t.Tx.Run(ctx, batch)
}

package sqlite

import (
	"context"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/sqladmin"
)

// markEvent is by the primary key of event_marks.
const markEvent = "INSERT INTO event_marks (api_key_id, mark, ends_at) VALUES (?,?,?) ON CONFLICT (api_key_id, mark) DO NOTHING"

// recordEvents writes those events that an account has caused of which the mark was not
// there. Nearly no account has caused one.
func (tx *tx) recordEvents(ctx context.Context, account *ledger.Account) error {
	events := admin.DecidedEvents(account)
	var batch sqladmin.Batch
	for i := range events {
		event := &events[i]
		marked, err := tx.exec(ctx, markEvent, blob(event.KeyID), event.Mark, optionalMicros(event.MarkEnds))
		if err != nil {
			return err
		}
		if marked > 0 {
			batch.Event(event)
		}
	}
	return changer{reader{tx.conn, tx.now}}.Run(ctx, &batch)
}

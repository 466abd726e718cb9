package postgres

import (
	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

// eventsSQL writes those events of which the mark was not there. It is sent only if a batch
// has caused one, which nearly none has. The order gives the events of a key their order.
// IS TRUE keeps IN from becoming a join: decisions have only nested loops, which would
// compare each event with each mark, and a batch may cause thousands. It is a hash table so.
const eventsSQL = `
WITH d AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::text[], $9::timestamptz[])
        WITH ORDINALITY AS d (id, api_key_id, type, at, key_name, owner, data, mark, ends_at, number)
), told AS (
    INSERT INTO event_marks (api_key_id, mark, ends_at)
    SELECT api_key_id, mark, ends_at FROM d
    ON CONFLICT (api_key_id, mark) DO NOTHING
    RETURNING api_key_id, mark
)
INSERT INTO events (id, api_key_id, type, at, key_name, owner, data)
SELECT d.id, d.api_key_id, d.type, d.at, d.key_name, d.owner, d.data::jsonb
FROM d
WHERE ((d.api_key_id, d.mark) IN (SELECT api_key_id, mark FROM told)) IS TRUE
ORDER BY d.number`

func newEventArrays() [9]array {
	return [...]array{newUUIDs(), newUUIDs(), newTexts(), newTimes(), newTexts(), newTexts(), newTexts(), newTexts(), newTimes()}
}

// addEvents adds what an account has caused to the parameters of eventsSQL.
func addEvents(to []array, id ration.KeyID, account *ledger.Account) {
	for _, event := range admin.DecidedEvents(account) {
		to[0].addUUID(uuid.UUID(event.ID))
		to[1].addUUID(id)
		to[2].addText(string(event.Type))
		to[3].addTime(event.At)
		to[4].addText(event.KeyName)
		to[5].addText(event.Owner)
		to[6].addText(string(event.Data))
		to[7].addText(event.Mark)
		to[8].addTimeOrNull(event.MarkEnds)
	}
}

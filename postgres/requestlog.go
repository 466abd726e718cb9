package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/sqladmin"
	"github.com/ration-dev/ration/internal/storedjson"
)

// insertLogSQL writes entries of the request log. They are numbered in their
// order, and those of one key in the order of its transactions, for its lock is held.
var insertLogSQL = counted(`
INSERT INTO request_log (api_key_id, day, at, action, code, via, method, route, request_id, reservation_id, meters)
SELECT api_key_id, day, at, action, code, via, method, route, request_id, reservation_id, meters::jsonb
FROM unnest($1::uuid[], $2::date[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::uuid[], $11::text[])
     WITH ORDINALITY AS d (api_key_id, day, at, action, code, via, method, route, request_id, reservation_id, meters, position)
ORDER BY position`, rowsSent)

// newLogArrays makes the parameters of insertLogSQL.
func newLogArrays() [11]array {
	return [...]array{
		newUUIDs(), newDates(), newTimes(), newTexts(), newTexts(), newTexts(), newTexts(), newTexts(), newTexts(), newUUIDs(), newTexts(),
	}
}

// addLog adds a key's entries to the parameters of insertLogSQL.
func addLog(to []array, id ration.KeyID, entries []ledger.LogEntry) {
	for i := range entries {
		entry := &entries[i]
		to[0].addUUID(id)
		to[1].addDate(ration.DateID(entry.At.UTC().Date()))
		to[2].addTime(entry.At)
		texts := [...]string{
			string(entry.Action), string(entry.Code), entry.Via, entry.Request.Method, entry.Request.Route, entry.Request.ID,
		}
		for j, text := range texts {
			to[3+j].addText(text)
		}
		if entry.Reservation.IsZero() {
			to[9].addNull()
		} else {
			to[9].addUUID(entry.Reservation)
		}
		to[10].addText(storedjson.LogMeters(entry.Meters))
	}
}

// keyLogSQL uses the primary keys of the partitions of request_log.
const keyLogSQL = `
SELECT at, action, code, via, method, route, request_id, reservation_id, meters
FROM request_log
WHERE api_key_id = $1
ORDER BY number`

// logTimeout bounds the read of one key's log, which may be long.
const logTimeout = 10 * time.Minute

// KeyLog implements admin.RequestLog.
func (s *Store) KeyLog(ctx context.Context, id ration.KeyID, each func(ledger.LogEntry)) (counts admin.KeyCounts, err error) {
	if !s.enter() {
		return counts, errClosed
	}
	defer s.leave()
	ctx, cancel := context.WithTimeout(ctx, logTimeout)
	defer cancel()
	err = s.readOnce(ctx, func(ctx context.Context, q querier) error { // not twice: each would be called twice
		if counts.Usage, err = sqladmin.UsageOf(ctx, reader{q}, id); err != nil {
			return err
		}
		if counts.Days, err = sqladmin.ReadDays(ctx, reader{q}, admin.UsageFilter{KeyID: id, Limit: admin.AllDays}); err != nil {
			return err
		}
		if counts.Since, err = sqladmin.ReadHistorySince(ctx, reader{q}); err != nil {
			return err
		}
		return query(ctx, q, keyLogSQL, func(r *row) { each(r.logEntry()) }, [16]byte(id))
	})
	if err != nil {
		return counts, fmt.Errorf("reading the request log: %w", explain(err))
	}
	return counts, nil
}

// lastRefusedSQL uses the primary keys of the partitions of request_log, from their ends.
const lastRefusedSQL = `
SELECT at, action, code, via, method, route, request_id, reservation_id, meters
FROM (SELECT * FROM request_log WHERE api_key_id = $1 AND day >= $2 ORDER BY day DESC, number DESC LIMIT $3) AS last
WHERE action IN ('charge', 'reserve') AND code <> 'ok'
ORDER BY day DESC, number DESC
LIMIT $4`

// LastRefused implements admin.RequestLog.
func (s *Store) LastRefused(ctx context.Context, id ration.KeyID) (entries []ledger.LogEntry, err error) {
	err = s.read(ctx, "reading the request log", func(ctx context.Context, q querier) error {
		entries = nil
		from := admin.RefusedFrom(s.config.InstanceClock()).Date()
		return query(ctx, q, lastRefusedSQL, func(r *row) { entries = append(entries, r.logEntry()) }, [16]byte(id), from, admin.RefusedWithin, admin.MaxRefused)
	})
	return entries, err
}

func (r *row) logEntry() ledger.LogEntry {
	entry := ledger.LogEntry{
		At: r.time(), Action: ledger.LogAction(r.text()), Code: ration.Code(r.text()), Via: r.text(),
		Request: ration.RequestInfo{Method: r.text(), Route: r.text(), ID: r.text()}, Reservation: r.uuid(),
	}
	meters, err := storedjson.ReadLogMeters(r.json())
	if err != nil && r.err == nil {
		r.err = err
	}
	entry.Meters = meters
	return entry
}

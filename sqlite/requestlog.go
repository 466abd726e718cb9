package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/sqladmin"
	"github.com/ration-dev/ration/internal/storedjson"
)

const logColumns = "at, action, code, via, method, route, request_id, reservation_id, meters"

// By the primary key of request_log, whose last row of the key has its number.
const insertLog = "INSERT INTO request_log (api_key_id, number, day, " + logColumns + `)
	VALUES (?1, (SELECT coalesce(max(number), 0) + 1 FROM request_log WHERE api_key_id = ?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)`

// recordLog writes a key's entries of the request log.
func (tx *tx) recordLog(ctx context.Context, id ration.KeyID, entries []ledger.LogEntry) error {
	for i := range entries {
		entry := &entries[i]
		err := tx.execOne(ctx, insertLog, blob(id), entry.At.UTC().Format(time.DateOnly), micros(entry.At), string(entry.Action), string(entry.Code),
			entry.Via, entry.Request.Method, entry.Request.Route, entry.Request.ID, optionalBlob(entry.Reservation), storedjson.LogMeters(entry.Meters))
		if err != nil {
			return fmt.Errorf("writing the request log: %w", err)
		}
	}
	return nil
}

// By the primary key of request_log.
const keyLog = "SELECT " + logColumns + " FROM request_log WHERE api_key_id = ? ORDER BY number"

// KeyLog implements admin.RequestLog.
func (s *Store) KeyLog(ctx context.Context, id ration.KeyID, each func(ledger.LogEntry)) (counts admin.KeyCounts, err error) {
	err = s.read(ctx, func(conn *conn) error {
		r := reader{conn, s.now()}
		if counts.Usage, err = sqladmin.UsageOf(ctx, r, id); err != nil {
			return err
		}
		if counts.Days, err = sqladmin.ReadDays(ctx, r, admin.UsageFilter{KeyID: id, Limit: admin.AllDays}); err != nil {
			return err
		}
		if counts.Since, err = sqladmin.ReadHistorySince(ctx, r); err != nil {
			return err
		}
		return conn.query(ctx, keyLog, []any{blob(id)}, func(r *row) error {
			each(r.logEntry())
			return nil
		})
	})
	if err != nil {
		return admin.KeyCounts{}, fmt.Errorf("reading the request log of %s: %w", id, err)
	}
	return counts, nil
}

// By the primary key of request_log, from its end.
const lastRefused = "SELECT " + logColumns + " FROM (SELECT " + logColumns + `, number FROM request_log
	WHERE api_key_id = ? ORDER BY number DESC LIMIT ?) WHERE action IN ('charge', 'reserve') AND code <> 'ok' AND at >= ? ORDER BY number DESC LIMIT ?`

// LastRefused implements admin.RequestLog.
func (s *Store) LastRefused(ctx context.Context, id ration.KeyID) (entries []ledger.LogEntry, err error) {
	err = s.read(ctx, func(conn *conn) error {
		entries = nil
		arguments := []any{blob(id), int64(admin.RefusedWithin), micros(admin.RefusedFrom(s.now()).Date()), int64(admin.MaxRefused)}
		return conn.query(ctx, lastRefused, arguments, func(r *row) error {
			entries = append(entries, r.logEntry())
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading the request log of %s: %w", id, err)
	}
	return entries, nil
}

func (r *row) logEntry() ledger.LogEntry {
	entry := ledger.LogEntry{
		At: r.time(0), Action: ledger.LogAction(r.text(1)), Code: ration.Code(r.text(2)), Via: r.text(3),
		Request: ration.RequestInfo{Method: r.text(4), Route: r.text(5), ID: r.text(6)},
	}
	if r.values[7] != nil {
		entry.Reservation = ration.ReservationID(r.id(7))
	}
	var err error
	if entry.Meters, err = storedjson.ReadLogMeters([]byte(r.text(8))); err != nil {
		r.fail(8)
	}
	return entry
}

func optionalBlob(id ration.ReservationID) any {
	if uuid.UUID(id) == uuid.Nil {
		return nil
	}
	return blob(id)
}

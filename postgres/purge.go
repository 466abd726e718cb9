package postgres

import (
	"context"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

const purgeKeptEvery = time.Minute

// Rows that are kept no longer are found by the index of their time, and locked
// by whichever instance is first, so that none waits for another and none for a
// charge. They are old by the server's clock and by the instance's: one clock
// that runs ahead deletes nothing that is still needed. The server's is asked
// once, or no index would serve it.
var (
	purgeReservationsSQL = purgeKeptSQL("reservations", "ended_at", "")
	purgeReplaysSQL      = purgeKeptSQL("idempotency_keys", "created_at", "")
	purgeLeasesSQL       = purgeKeptSQL("leases", "expires_at", "")
	purgeAnswersSQL      = purgeKeptSQL("admin_answers", "created_at", "")
	purgeRefundsSQL      = purgeKeptSQL("refunds", "created_at", " AND period <> 'lifetime'")
)

// purgeKeptSQL deletes so many rows and tells how many there were. A condition more
// may say which.
func purgeKeptSQL(table, column, condition string) string {
	return `
WITH deleted AS (
    DELETE FROM ` + table + `
    WHERE ctid = ANY(ARRAY(
        SELECT ctid
        FROM ` + table + `
        WHERE ` + column + ` < least((SELECT ration_now()), $1) - make_interval(secs => $2)` + condition + `
        ORDER BY ` + column + `
        LIMIT $3
        FOR UPDATE SKIP LOCKED))
    RETURNING 1
)
SELECT count(*) FROM deleted`
}

// purgeHoursSQL and purgeTrafficSQL are purgeKeptSQL for what is kept by hour. They note
// from when on hours are complete, and say twice which hours go, because two partitions
// may have a row at one place.
var (
	purgeHoursSQL   = purgeByHourSQL("usage_hours")
	purgeTrafficSQL = purgeByHourSQL("traffic_hours")
)

func purgeByHourSQL(table string) string {
	return `
WITH horizon AS MATERIALIZED (
    SELECT date_trunc('hour', least((SELECT ration_now()), $1::timestamptz) - make_interval(secs => $2::float8), 'UTC') AS hour
), deleted AS (
    DELETE FROM ` + table + `
    WHERE ctid = ANY(ARRAY(
        SELECT ctid
        FROM ` + table + `
        WHERE hour < (SELECT hour FROM horizon)
        ORDER BY hour
        LIMIT $3::bigint
        FOR UPDATE SKIP LOCKED)) AND hour < (SELECT hour FROM horizon)
    RETURNING 1
), noted AS (
    INSERT INTO ` + table + `_since AS s (since)
    SELECT hour FROM horizon WHERE EXISTS (SELECT FROM deleted)
    ON CONFLICT (only_row) DO UPDATE SET since = greatest(s.since, excluded.since)
)
SELECT count(*) FROM deleted`
}

// mostPerPart is how many rows one transaction deletes.
const mostPerPart = 1000

// purgesOfKept deletes what is kept no longer, a part at a time, so that the
// janitor's other work never waits for long.
type purgesOfKept struct {
	timer *time.Timer
	kinds []keptKind
	kind  int // whose turn it is
}

type keptKind struct {
	table     string
	statement statement
	retention time.Duration
	delete    func(*Store, context.Context, time.Duration) (int64, error) // nil: the statement does
}

func newPurgesOfKept(config *Config) *purgesOfKept {
	return &purgesOfKept{timer: time.NewTimer(purgeKeptEvery), kinds: keptKinds(config)}
}

func keptKinds(config *Config) []keptKind {
	kinds := []keptKind{
		{table: "reservations", statement: stmtPurgeReservations, retention: ration.ReservationRetention},
		{table: "idempotency_keys", statement: stmtPurgeReplays, retention: ration.IdempotencyRetention},
		{table: "leases", statement: stmtPurgeLeases, retention: ledger.LeaseRetention},
		{table: "admin_answers", statement: stmtPurgeAnswers, retention: admin.AnswerRetention},
		{table: "refunds", statement: stmtPurgeRefunds, retention: ledger.RefundRetention},
	}
	for _, kind := range []keptKind{
		{table: "usage_hours", statement: stmtPurgeHours, retention: config.UsageHours},
		{table: "usage_days", delete: (*Store).purgeDays, retention: ledger.HistoryRetention(config.UsageDays, config.RequestLog)},
		{table: "traffic_hours", delete: (*Store).purgeTraffic, retention: ledger.HistoryRetention(config.UsageDays, config.RequestLog)},
		{table: "audit_log", delete: (*Store).purgeAudit, retention: config.AuditLog},
		{table: "events", delete: (*Store).purgeEvents, retention: config.Events},
		{table: "event_marks", delete: (*Store).purgeEventMarks, retention: time.Nanosecond}, // they say themselves until when
		{table: "jobs", delete: (*Store).purgeJobs, retention: admin.JobRetention},
		{table: "sessions", delete: (*Store).purgeSessions, retention: admin.SessionRetention},
		{table: "login_links", delete: (*Store).purgeLoginLinks, retention: admin.SessionRetention},
	} {
		if kind.retention > 0 { // or it is kept for ever
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// PurgedTables returns the tables that [observe.Observer.Purged] is told of.
func (s *Store) PurgedTables() []string {
	tables := []string{"charge_batches", "request_log"}
	for _, kind := range keptKinds(&s.config) {
		tables = append(tables, kind.table)
	}
	return tables
}

// next deletes a part and sets the timer: at once again while there may be more.
func (k *purgesOfKept) next(ctx context.Context, l *lane) {
	deleted, err := l.purgeKept(ctx, k.kinds[k.kind])
	if err == nil && deleted == mostPerPart {
		k.timer.Reset(0)
		return
	}
	k.kind = (k.kind + 1) % len(k.kinds)
	if k.kind == 0 {
		k.timer.Reset(purgeKeptEvery)
	} else {
		k.timer.Reset(0)
	}
}

// purgeKept deletes a part of what is kept no longer and returns how much.
func (l *lane) purgeKept(ctx context.Context, kind keptKind) (deleted int64, err error) {
	start := time.Now()
	defer func() { l.store.observePurge(kind.table, start, deleted, err) }()
	if kind.delete != nil {
		return kind.delete(l.store, ctx, kind.retention)
	}
	if _, err := l.connect(ctx); err != nil {
		return 0, err
	}
	params := [][]byte{timeParam(l.store.config.InstanceClock()), float64Param(kind.retention.Seconds()), int64Param(mostPerPart)}
	err = l.readSingle(kind.statement, func(r *row) { deleted = r.int() }, params)
	return deleted, err
}

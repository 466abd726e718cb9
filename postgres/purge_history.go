package postgres

import (
	"context"
	"time"

	"github.com/ration-dev/ration/internal/admin"
)

// What decisions don't write is deleted on connections of administration, and is not
// among the statements that decisions' connections prepare: these need no access to it
// until the tables were checked.

// purgeDaysSQL is purgeKeptSQL for usage by day. A day goes when it has ended for long
// enough in every time zone, unless a reservation that may have been charged to it is
// still open; what else is open then can't be. See [ledger.HistoryKeptFrom]. The index
// usage_days_date serves it, and reservations_key_due for each day: NOT EXISTS would be a
// join, which reads all open reservations.
const purgeDaysSQL = `
WITH horizon AS MATERIALIZED (
    SELECT ((least((SELECT ration_now()), $1::timestamptz) - make_interval(secs => $2::float8)) AT TIME ZONE 'UTC')::date - 1 AS date
), deleted AS (
    DELETE FROM usage_days d
    WHERE d.ctid = ANY(ARRAY(
        SELECT d.ctid
        FROM usage_days d
        WHERE ` + dayIsOver + `
        ORDER BY d.date
        LIMIT $3::bigint
        FOR UPDATE OF d SKIP LOCKED)) AND ` + dayIsOver + `
    RETURNING 1
), noted AS (
    INSERT INTO usage_days_since AS s (since)
    SELECT date FROM horizon WHERE EXISTS (SELECT FROM deleted)
    ON CONFLICT (only_row) DO UPDATE SET since = greatest(s.since, excluded.since)
)
SELECT count(*) FROM deleted`

// dayIsOver stands there twice, because two partitions may have a row at one place.
const dayIsOver = `d.date < (SELECT date FROM horizon) AND (
            SELECT true FROM reservations r
            WHERE r.api_key_id = d.api_key_id AND r.state = 'open'
              AND r.created_at < ((SELECT date FROM horizon) + 2)::timestamp AT TIME ZONE 'UTC'
            LIMIT 1) IS NULL`

// purgeAuditSQL is purgeKeptSQL for the audit log.
const purgeAuditSQL = `
DELETE FROM audit_log
WHERE id = ANY(ARRAY(
    SELECT id
    FROM audit_log
    WHERE at < least((SELECT ration_now()), $1::timestamptz) - make_interval(secs => $2::float8)
    ORDER BY at
    LIMIT $3::bigint
    FOR UPDATE SKIP LOCKED))`

// purgeJobsSQL is purgeKeptSQL for jobs that have finished, by the index jobs_finished.
const purgeJobsSQL = `
DELETE FROM jobs
WHERE id = ANY(ARRAY(
    SELECT id
    FROM jobs
    WHERE finished_at IS NOT NULL AND finished_at < least((SELECT ration_now()), $1::timestamptz) - make_interval(secs => $2::float8)
    ORDER BY finished_at
    LIMIT $3::bigint
    FOR UPDATE SKIP LOCKED))`

// purgeEventsSQL is purgeKeptSQL for the beginning of the feed, up to the first event that
// is kept, by the index of its positions. It looks no further than at one part, and notes
// how far it has deleted.
const purgeEventsSQL = `
WITH part AS MATERIALIZED (
    SELECT seq, position, at < least((SELECT ration_now()), $1::timestamptz) - make_interval(secs => $2::float8) AS old
    FROM events
    WHERE position IS NOT NULL
    ORDER BY position
    LIMIT $3::bigint
), deleted AS (
    DELETE FROM events
    WHERE seq = ANY(ARRAY(
        SELECT seq
        FROM events
        WHERE seq = ANY(ARRAY(
            SELECT seq
            FROM part
            WHERE position < coalesce((SELECT min(position) FROM part WHERE NOT old), 9223372036854775807)))
        ORDER BY position
        FOR UPDATE SKIP LOCKED))
    RETURNING position
), noted AS (
    UPDATE event_feed SET deleted = greatest(deleted, (SELECT max(position) FROM deleted))
    WHERE only_row AND EXISTS (SELECT FROM deleted)
)
SELECT count(*) FROM deleted`

// purgeEventMarksSQL is purgeKeptSQL for marks of events, by the index event_marks_ends.
const purgeEventMarksSQL = `
DELETE FROM event_marks
WHERE ctid = ANY(ARRAY(
    SELECT ctid
    FROM event_marks
    WHERE ends_at IS NOT NULL AND ends_at < least((SELECT ration_now()), $1::timestamptz) - make_interval(secs => $2::float8)
    ORDER BY ends_at
    LIMIT $3::bigint
    FOR UPDATE SKIP LOCKED))`

// purgeSessionsSQL and purgeLoginLinksSQL are purgeKeptSQL for sessions and login links, by
// the index of their expiry.
var (
	purgeSessionsSQL   = purgeExpiredSQL("sessions")
	purgeLoginLinksSQL = purgeExpiredSQL("login_links")
)

func purgeExpiredSQL(table string) string {
	return `
DELETE FROM ` + table + `
WHERE id = ANY(ARRAY(
    SELECT id
    FROM ` + table + `
    WHERE expires_at < least((SELECT ration_now()), $1::timestamptz) - make_interval(secs => $2::float8)
    ORDER BY expires_at
    LIMIT $3::bigint
    FOR UPDATE SKIP LOCKED))`
}

// purgeDays deletes a part of the days that are older than some time.
func (s *Store) purgeDays(ctx context.Context, older time.Duration) (deleted int64, err error) {
	err = s.write(ctx, "deleting old usage by day", func(ctx context.Context, t tx) error {
		return query(ctx, t, purgeDaysSQL, func(r *row) { deleted = r.int() }, s.config.InstanceClock(), older.Seconds(), int64(mostPerPart))
	})
	return deleted, err
}

// purgeAudit deletes a part of the entries that are older than some time.
func (s *Store) purgeAudit(ctx context.Context, older time.Duration) (deleted int64, err error) {
	err = s.write(ctx, "deleting entries of the audit log", func(ctx context.Context, t tx) (err error) {
		deleted, err = t.exec(ctx, purgeAuditSQL, s.config.InstanceClock(), older.Seconds(), int64(mostPerPart))
		return err
	})
	return deleted, err
}

// purgeJobs deletes a part of the jobs that have finished longer ago than some time.
func (s *Store) purgeJobs(ctx context.Context, older time.Duration) (deleted int64, err error) {
	err = s.write(ctx, "deleting old jobs", func(ctx context.Context, t tx) (err error) {
		deleted, err = t.exec(ctx, purgeJobsSQL, s.config.InstanceClock(), older.Seconds(), int64(mostPerPart))
		return err
	})
	return deleted, err
}

// purgeSessions deletes a part of the sessions that expired longer ago than some time.
func (s *Store) purgeSessions(ctx context.Context, older time.Duration) (deleted int64, err error) {
	err = s.write(ctx, "deleting old sessions", func(ctx context.Context, t tx) (err error) {
		deleted, err = t.exec(ctx, purgeSessionsSQL, s.config.InstanceClock(), older.Seconds(), int64(mostPerPart))
		return err
	})
	return deleted, err
}

// purgeLoginLinks does what purgeSessions does, for login links.
func (s *Store) purgeLoginLinks(ctx context.Context, older time.Duration) (deleted int64, err error) {
	err = s.write(ctx, "deleting old login links", func(ctx context.Context, t tx) (err error) {
		deleted, err = t.exec(ctx, purgeLoginLinksSQL, s.config.InstanceClock(), older.Seconds(), int64(mostPerPart))
		return err
	})
	return deleted, err
}

// purgeTraffic deletes a part of the traffic that is older than some time.
func (s *Store) purgeTraffic(ctx context.Context, older time.Duration) (deleted int64, err error) {
	err = s.write(ctx, "deleting old traffic", func(ctx context.Context, t tx) error {
		return query(ctx, t, purgeTrafficSQL, func(r *row) { deleted = r.int() }, s.config.InstanceClock(), older.Seconds(), int64(mostPerPart))
	})
	return deleted, err
}

// purgeEvents deletes a part of the events that are older than some time.
func (s *Store) purgeEvents(ctx context.Context, older time.Duration) (deleted int64, err error) {
	if err := admin.Publish(ctx, s); err != nil {
		return 0, err
	}
	err = s.write(ctx, "deleting old events", func(ctx context.Context, t tx) error {
		return query(ctx, t, purgeEventsSQL, func(r *row) { deleted = r.int() }, s.config.InstanceClock(), older.Seconds(), int64(mostPerPart))
	})
	if err == nil {
		err = admin.DeleteDeliveries(ctx, s)
	}
	return deleted, err
}

// purgeEventMarks deletes a part of the marks that are no longer needed.
func (s *Store) purgeEventMarks(ctx context.Context, older time.Duration) (deleted int64, err error) {
	err = s.write(ctx, "deleting old marks of events", func(ctx context.Context, t tx) (err error) {
		deleted, err = t.exec(ctx, purgeEventMarksSQL, s.config.InstanceClock(), older.Seconds(), int64(mostPerPart))
		return err
	})
	return deleted, err
}

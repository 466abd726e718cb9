package sqlite

import (
	"time"

	"github.com/ration-dev/ration/internal/ledger"
)

// retention is how long history is kept. 0: for ever.
type retention struct{ hours, days, audit, events time.Duration }

// eventsTable is where events are published before those that are old are deleted.
const eventsTable = "events"

// purges are those of history.
func (keep retention) purges() (all []purge) {
	if keep.hours > 0 {
		all = append(all, purgeByHour("usage_hours", "usage by hour", "hour, api_key_id, meter", keep.hours))
	}
	if keep.days > 0 {
		all = append(all, purge{
			"usage_days", "usage by day",
			"SELECT count(*) FROM (SELECT 1 FROM usage_days d WHERE " + oldDay + " LIMIT 1)",
			`DELETE FROM usage_days WHERE (date, api_key_id, meter) IN (
				SELECT date, api_key_id, meter FROM usage_days d WHERE ` + oldDay + ` ORDER BY date, api_key_id, meter LIMIT ?)`,
			func(now time.Time) any { return dateText(ledger.HistoryKeptFrom(now, keep.days)) },
			"INSERT INTO usage_days_since (only_row, since) VALUES (1, ?) ON CONFLICT (only_row) DO UPDATE SET since = max(since, excluded.since)",
		})
	}
	if keep.days > 0 {
		all = append(all, purgeByHour("traffic_hours", "traffic by hour", "hour, via, code, counter", keep.days))
	}
	if keep.audit > 0 {
		all = append(all, purge{
			"audit_log", "entries of the audit log",
			"SELECT count(*) FROM (SELECT 1 FROM audit_log WHERE at < ? LIMIT 1)",
			"DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log WHERE at < ? ORDER BY at, id LIMIT ?)",
			func(now time.Time) any { return micros(now.Add(-keep.audit)) }, "",
		})
	}
	if keep.events > 0 {
		all = append(all, purge{
			eventsTable, "events",
			"SELECT count(*) FROM (SELECT at FROM events WHERE position IS NOT NULL ORDER BY position LIMIT 1) WHERE at < ?",
			`WITH part AS MATERIALIZED (SELECT position, at FROM events WHERE position IS NOT NULL ORDER BY position LIMIT ?2)
			DELETE FROM events WHERE position IN (
				SELECT position FROM part WHERE position < coalesce((SELECT min(position) FROM part WHERE at >= ?1), 9223372036854775807))`,
			func(now time.Time) any { return micros(now.Add(-keep.events)) },
			noteDeletedEvents,
		})
	}
	return all
}

// noteDeletedEvents notes up to which place the feed was deleted: only its beginning is.
const noteDeletedEvents = "UPDATE event_feed SET deleted = (SELECT coalesce(min(position) - 1, event_feed.last) FROM events WHERE ? IS NOT NULL)"

// purgeByHour deletes hours of a table by its primary key.
func purgeByHour(table, what, key string, older time.Duration) purge {
	return purge{
		table, what,
		"SELECT count(*) FROM (SELECT 1 FROM " + table + " WHERE hour < ? LIMIT 1)",
		"DELETE FROM " + table + " WHERE (" + key + ") IN (SELECT " + key + " FROM " + table + " WHERE hour < ? ORDER BY " + key + " LIMIT ?)",
		func(now time.Time) any { return micros(now.Add(-older).Truncate(time.Hour)) },
		"INSERT INTO " + table + "_since (only_row, since) VALUES (1, ?) ON CONFLICT (only_row) DO UPDATE SET since = max(since, excluded.since)",
	}
}

// oldDay selects days that are kept no longer. Not among them are those of a key with an
// open reservation that may have been charged to them; what else is open then can't be.
// The primary key serves it, and reservations_key_due.
const oldDay = `d.date < ?1 AND NOT EXISTS (
	SELECT 1 FROM reservations r
	WHERE r.api_key_id = d.api_key_id AND r.state = 'open' AND r.created_at < unixepoch(?1, '+2 days') * 1000000)`

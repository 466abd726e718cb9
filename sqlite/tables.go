package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ErrAltered is returned for a database whose tables somebody has changed in such a
// way that written rows may not be kept: with a trigger, with something else in the
// place of a table, or with a conflict clause that drops rows.
var ErrAltered = errors.New("the tables are not as Ration made them")

// tableNames are all tables that the migrations make.
var tableNames = []string{
	"meters", "plans", "plan_limits", "api_keys", "api_key_limits", "api_key_limits_beneath", "secret_digests", "api_key_secrets", "key_words", "key_usage", "usage_days", "usage_days_since", "usage_hours", "usage_hours_since", "traffic_hours", "traffic_hours_since",
	"charge_batches", "reservations", "leases", "idempotency_keys", "refunds", "request_log", "admin_tokens", "sessions", "login_links", "admin_answers", "cursor_key", "audit_log", "events", "event_marks", "event_feed", "webhooks", "deliveries", "instances", "jobs", "job_inputs", "key_requests", "pickup_links", "goose_db_version", "schema_compatibility",
}

// alterations finds what may withhold or undo a write. Nothing of Ration's has a
// trigger or a conflict clause, and what has no root page is no table of this file.
var alterations = `SELECT type, name, tbl_name FROM sqlite_schema
	WHERE type = 'trigger' AND lower(tbl_name) IN ('` + strings.Join(tableNames, "', '") + `')
	OR type IN ('table', 'view') AND lower(name) IN ('` + strings.Join(tableNames, "', '") + `')
		AND (type = 'view' OR coalesce(rootpage, 0) = 0 OR sql LIKE '%ON CONFLICT%')
	ORDER BY type, name`

// refuseAltered fails, with ErrAltered and the cure, if writes may not be kept.
func (c *conn) refuseAltered(ctx context.Context) error {
	var found []string
	err := c.query(ctx, alterations, nil, func(r *row) error {
		kind, name := r.text(0), r.text(1)
		if kind == "trigger" {
			found = append(found, fmt.Sprintf("trigger %q on %s may keep counts from being written, or undo them: drop it with 'DROP TRIGGER %s' in sqlite3", name, r.text(2), name))
		} else {
			found = append(found, fmt.Sprintf("%s %q is not the table that the migrations made: restore a backup", kind, name))
		}
		return nil
	})
	if err == nil && found != nil {
		err = fmt.Errorf("%w: %s", ErrAltered, strings.Join(found, "; "))
	}
	return err
}

// watchTables looks at the tables again if the schema has changed since the last
// look, within the transaction that is about to write to them.
func (s *Store) watchTables(ctx context.Context, conn *conn) error {
	version, err := conn.number(ctx, "PRAGMA schema_version")
	if err != nil || version == s.lookedAt {
		return err
	}
	if err := conn.refuseAltered(ctx); err != nil {
		return err
	}
	s.lookedAt = version
	return nil
}

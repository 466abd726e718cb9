package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration/internal/admin"
)

const defaultAuditLimit = 1_000

// ListAudit implements admin.AuditLog. It reads the index audit_log_at backwards,
// or audit_log_target where a target is given.
func (s *Store) ListAudit(ctx context.Context, filter admin.AuditFilter) (entries []admin.AuditEntry, err error) {
	var where condition
	if filter.Target != "" {
		where.and("target =", filter.Target)
	}
	if filter.Actor != "" {
		where.and("actor =", filter.Actor)
	}
	sql := "SELECT id, at, actor, action, target, details::text FROM audit_log" + where.sql() +
		" ORDER BY at DESC, id DESC" + where.limit(filter.Limit, defaultAuditLimit)
	err = s.read(ctx, "listing the audit log", func(ctx context.Context, q querier) error {
		entries = nil
		return query(ctx, q, sql, func(r *row) {
			entries = append(entries, admin.AuditEntry{
				ID: r.uuid(), At: r.time(), Actor: r.text(), Action: r.text(), Target: r.text(),
				Details: json.RawMessage(r.text()),
			})
		}, where.values...)
	})
	return entries, err
}

const auditSQL = "INSERT INTO audit_log (id, at, actor, action, target, details) VALUES ($1, $2, $3, $4, $5, $6)"

// audit writes an entry for what the transaction changes.
func (t tx) audit(ctx context.Context, entry admin.AuditEntry, now time.Time) error {
	return t.execOne(ctx, auditSQL, auditValues(entry, now)...)
}

// auditValues are the parameters of auditSQL.
func auditValues(entry admin.AuditEntry, now time.Time) []any {
	if entry.ID == uuid.Nil {
		entry.ID = uuid.Must(uuid.NewV7())
	}
	details := string(entry.Details)
	if details == "" {
		details = "{}"
	}
	return []any{[16]byte(entry.ID), now, entry.Actor, entry.Action, entry.Target, details}
}

// auditRowsSQL is auditSQL for many entries.
var auditRowsSQL = counted(`
INSERT INTO audit_log (id, at, actor, action, target, details)
SELECT d.id, $2, d.actor, d.action, d.target, d.details::jsonb
FROM unnest($1::uuid[], $3::text[], $4::text[], $5::text[], $6::text[]) AS d (id, actor, action, target, details)`, rowsSent)

// auditColumns is the parameters of auditRowsSQL but for the time.
type auditColumns struct {
	ids                               [][16]byte
	actors, actions, targets, details []string
}

func (a *auditColumns) add(entry admin.AuditEntry) {
	if entry.ID == uuid.Nil {
		entry.ID = uuid.Must(uuid.NewV7())
	}
	a.ids, a.actors, a.actions = append(a.ids, entry.ID), append(a.actors, entry.Actor), append(a.actions, entry.Action)
	a.targets, a.details = append(a.targets, entry.Target), append(a.details, cmp.Or(string(entry.Details), "{}"))
}

func (a *auditColumns) values(now time.Time) []any {
	return []any{a.ids, now, a.actors, a.actions, a.targets, a.details}
}

package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/ration-dev/ration/internal/admin"
)

const defaultAuditLimit = 1_000

// ListAudit implements admin.AuditLog.
func (s *Store) ListAudit(ctx context.Context, filter admin.AuditFilter) (entries []admin.AuditEntry, err error) {
	query, values := auditQuery(filter)
	err = s.read(ctx, func(conn *conn) error {
		return conn.query(ctx, query, values, func(r *row) error {
			entries = append(entries, admin.AuditEntry{
				ID: r.id(0), At: r.time(1), Actor: r.text(2), Action: r.text(3), Target: r.text(4),
				Details: json.RawMessage(r.text(5)),
			})
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("listing the audit log: %w", err)
	}
	return entries, nil
}

// auditQuery reads the index audit_log_at backwards, or audit_log_target where a
// target is given.
func auditQuery(filter admin.AuditFilter) (query string, values []any) {
	var where condition
	if filter.Target != "" {
		where.and("target = ?", filter.Target)
	}
	if filter.Actor != "" {
		where.and("actor = ?", filter.Actor)
	}
	query = "SELECT id, at, actor, action, target, details FROM audit_log" + where.sql() + " ORDER BY at DESC, id DESC LIMIT ?"
	return query, append(where.values, limitOr(filter.Limit, defaultAuditLimit))
}

// audit writes an entry for what the transaction changes.
func (tx *tx) audit(ctx context.Context, entry admin.AuditEntry) error {
	id, err := orNewID(entry.ID)
	if err != nil {
		return err
	}
	details := string(entry.Details)
	if details == "" {
		details = "{}"
	}
	err = tx.execOne(ctx, "INSERT INTO audit_log (id, at, actor, action, target, details) VALUES (?,?,?,?,?,?)",
		blob(id), micros(tx.now), entry.Actor, entry.Action, entry.Target, details)
	if err != nil {
		return fmt.Errorf("writing the audit log: %w", err)
	}
	return nil
}

package sqladmin

import (
	"cmp"
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration/internal/admin"
)

const (
	defaultAuditLimit = 1_000

	auditColumns = "id, at, actor, from_address, token_id, action, target, details"
)

// ListAudit implements admin.AuditLog. It reads the index audit_log_at in either
// direction, or audit_log_target where a target is given.
func (s *Store) ListAudit(ctx context.Context, filter admin.AuditFilter) (entries []admin.AuditEntry, err error) {
	by := order{[]string{"at", "id"}, !filter.OldestFirst}
	where := auditWhere(filter)
	if after := filter.After; !after.At.IsZero() {
		where.after(by, after.At, after.ID)
	}
	sql := "SELECT " + auditColumns + " FROM audit_log" + where.SQL() + by.SQL() + " LIMIT ?"
	args := where.With(LimitOr(filter.Limit, defaultAuditLimit))
	err = s.db.Read(ctx, "listing the audit log", func(ctx context.Context, r Reader) error {
		entries = nil
		return r.Query(ctx, sql, func(row Row) {
			entries = append(entries, admin.AuditEntry{
				ID: row.ID(), At: row.Time(), Actor: row.Text(), From: row.Text(), TokenID: row.OptionalID(),
				Action: row.Text(), Target: row.Text(), Details: row.JSON(),
			})
		}, args...)
	})
	return entries, err
}

func auditWhere(filter admin.AuditFilter) (where Where) {
	where.andText("target", filter.Target)
	where.andText("action", filter.Action)
	where.andText("actor", filter.Actor)
	if !filter.Since.IsZero() {
		where.And("at >= ?", filter.Since)
	}
	if !filter.Until.IsZero() {
		where.And("at < ?", filter.Until)
	}
	return where
}

// Audit adds an entry of the audit log for what the transaction changes. It gives
// the entry an id if it has none.
func (b *Batch) Audit(entry admin.AuditEntry, now time.Time) {
	b.AddOne(Meaning{}, "INSERT INTO audit_log ("+auditColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		orNewID(entry.ID), now, entry.Actor, entry.From, orNullID(entry.TokenID), entry.Action, entry.Target, cmp.Or(string(entry.Details), "{}"))
}

// orNewID returns an id, for the zero id a new one in the order of time.
func orNewID(id uuid.UUID) uuid.UUID {
	if id == uuid.Nil {
		return uuid.Must(uuid.NewV7())
	}
	return id
}

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

// ListAudit implements admin.AuditLog. It reads the index audit_log_at backwards,
// or audit_log_target where a target is given.
func (s *Store) ListAudit(ctx context.Context, filter admin.AuditFilter) (entries []admin.AuditEntry, err error) {
	var where Where
	where.andText("target", filter.Target)
	where.andText("actor", filter.Actor)
	sql := "SELECT " + auditColumns + " FROM audit_log" + where.SQL() + " ORDER BY at DESC, id DESC LIMIT ?"
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

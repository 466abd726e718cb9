package postgres

import (
	"cmp"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration/internal/admin"
)

// auditRowsSQL writes the entries of many keys.
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

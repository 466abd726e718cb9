package postgres

import (
	"cmp"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration/internal/admin"
)

// auditRowsSQL writes the entries of many keys.
var auditRowsSQL = counted(`
INSERT INTO audit_log (id, at, actor, action, target, details, from_address, token_id)
SELECT d.id, $2, d.actor, d.action, d.target, d.details::jsonb, d.from_address, NULLIF(d.token_id, '00000000-0000-0000-0000-000000000000')
FROM unnest($1::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::uuid[])
	AS d (id, actor, action, target, details, from_address, token_id)`, rowsSent)

// auditColumns is the parameters of auditRowsSQL but for the time.
type auditColumns struct {
	ids, tokens                              [][16]byte
	actors, actions, targets, details, froms []string
}

func (a *auditColumns) add(entry admin.AuditEntry) {
	if entry.ID == uuid.Nil {
		entry.ID = uuid.Must(uuid.NewV7())
	}
	a.ids, a.actors, a.actions = append(a.ids, entry.ID), append(a.actors, entry.Actor), append(a.actions, entry.Action)
	a.targets, a.details = append(a.targets, entry.Target), append(a.details, cmp.Or(string(entry.Details), "{}"))
	a.froms, a.tokens = append(a.froms, entry.From), append(a.tokens, entry.TokenID)
}

func (a *auditColumns) values(now time.Time) []any {
	return []any{a.ids, now, a.actors, a.actions, a.targets, a.details, a.froms, a.tokens}
}

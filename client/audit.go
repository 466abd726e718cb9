package client

import (
	"context"
	"iter"
	"net/url"
	"time"

	"github.com/ration-dev/ration/api"
)

// AuditQuery selects entries of the audit log. A zero field does not restrict the
// selection. Its orders are "-at", the newest first, and "at".
type AuditQuery struct {
	Target, Action, Actor string
	Since, Until          time.Time // Until is not included
	Paging
}

// Values returns the parameters of the request.
func (q AuditQuery) Values() url.Values {
	return q.parameters("target", q.Target, "action", q.Action, "actor", q.Actor, "since", timeText(q.Since), "until", timeText(q.Until))
}

// ListAudit returns one page of who changed what.
func (a *Admin) ListAudit(ctx context.Context, query AuditQuery) (api.Page[api.AuditEntry], error) {
	return list[api.AuditEntry](ctx, a, "/audit", query.Values())
}

// AuditEntries returns all entries that match, page by page. The sequence ends after an
// error.
func (a *Admin) AuditEntries(ctx context.Context, query AuditQuery) iter.Seq2[api.AuditEntry, error] {
	return items(query.Cursor, func(cursor string) (api.Page[api.AuditEntry], error) {
		query.Cursor = cursor
		return a.ListAudit(ctx, query)
	})
}

// timeText writes a time as a parameter; the zero one is left out.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

package client

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/ration-dev/ration/api"
)

// UsageQuery selects days of the history. A zero field does not restrict the selection.
type UsageQuery struct {
	Key, Owner, Meter string
	From, To          string   // dates such as 2030-01-31, both included
	GroupBy           []string // of SumUsage: key, owner, plan, hour, day, month, meter
	Zone              string   // of SumUsage: the IANA time zone of all dates; empty: each key's own
	Limit             int      // most rows; 0: 1,000
}

func (q UsageQuery) values() url.Values {
	return queryOf("key", q.Key, "owner", q.Owner, "meter", q.Meter, "from", q.From, "to", q.To,
		"group_by", strings.Join(q.GroupBy, ","), "zone", q.Zone, "limit", number(q.Limit))
}

// UsageDays returns what was used by key, meter and day.
func (a *Admin) UsageDays(ctx context.Context, query UsageQuery) (api.UsageDays, error) {
	return read[api.UsageDays](ctx, a, "/usage/days", query.values())
}

// SumUsage adds usage up.
func (a *Admin) SumUsage(ctx context.Context, query UsageQuery) (api.UsageReport, error) {
	return read[api.UsageReport](ctx, a, "/usage", query.values())
}

// ImportUsage raises the usage of days to at least what was counted elsewhere, in one
// transaction.
func (a *Admin) ImportUsage(ctx context.Context, usage api.UsageImport) (api.UsageImported, error) {
	return change[api.UsageImported](ctx, a, http.MethodPost, "/usage/import", usage)
}

// AuditQuery selects entries of the audit log.
type AuditQuery struct {
	Target, Actor string
	Limit         int // most entries; 0: 100
}

// ListAudit returns who changed what, the newest entries first.
func (a *Admin) ListAudit(ctx context.Context, query AuditQuery) (api.AuditLog, error) {
	return read[api.AuditLog](ctx, a, "/audit", queryOf("target", query.Target, "actor", query.Actor, "limit", number(query.Limit)))
}

// Reconcile compares the counts of the next keys, or of one, with the request log. Pass
// NextCursor of the answer as the next cursor, until it is nil.
func (a *Admin) Reconcile(ctx context.Context, key, cursor string, limit int) (api.ReconciliationChunk, error) {
	return read[api.ReconciliationChunk](ctx, a, "/reconcile", queryOf("key", key, "cursor", cursor, "limit", number(limit)))
}

// Diagnose checks the database. Deep checks read all of it.
func (a *Admin) Diagnose(ctx context.Context, deep bool) (api.Findings, error) {
	return read[api.Findings](ctx, a, "/system/findings", queryOf("deep", flag(deep)))
}

// RepairUsage corrects the usage of the next keys that were charged while the clock was
// ahead. Pass NextCursor of the answer as the next cursor, until it is nil.
func (a *Admin) RepairUsage(ctx context.Context, cursor string) (api.UsageRepaired, error) {
	path := "/system/repair-usage"
	if cursor != "" {
		path += "?" + url.Values{"cursor": {cursor}}.Encode()
	}
	return change[api.UsageRepaired](ctx, a, http.MethodPost, path, nil)
}

// Backup writes a copy of the database to a new file on the server's machine. Only the
// administration socket allows it.
func (a *Admin) Backup(ctx context.Context, path string) error {
	_, err := change[struct{}](ctx, a, http.MethodPost, "/system/backup", struct {
		Path string `json:"path"`
	}{path})
	return err
}

package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/ration-dev/ration/api"
)

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

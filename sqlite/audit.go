package sqlite

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sqladmin"
)

// audit writes an entry for what the transaction changes.
func (tx *tx) audit(ctx context.Context, entry admin.AuditEntry) error {
	var batch sqladmin.Batch
	batch.Audit(entry, tx.now)
	if err := (changer{reader{tx.conn, tx.now}}).Run(ctx, &batch); err != nil {
		return fmt.Errorf("writing the audit log: %w", err)
	}
	return nil
}

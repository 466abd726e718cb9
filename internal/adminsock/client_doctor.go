package adminsock

import (
	"context"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// Diagnose implements admin.DoctorOperations.
func (c *Client) Diagnose(ctx context.Context, options admin.DiagnoseOptions) ([]admin.Finding, error) {
	return call[[]admin.Finding](ctx, c, "Diagnose", options)
}

// RepairUsage implements admin.DoctorOperations.
func (c *Client) RepairUsage(ctx context.Context, actor string, after ration.KeyID) (admin.UsageRepaired, error) {
	return callAs[admin.UsageRepaired](ctx, c, "RepairUsage", actor, after)
}

// Backup implements admin.BackupOperations.
func (c *Client) Backup(ctx context.Context, path string) error {
	_, err := call[struct{}](ctx, c, "Backup", path)
	return err
}

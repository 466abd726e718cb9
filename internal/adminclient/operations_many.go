package adminclient

import (
	"context"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// ChangeKeys implements admin.Operations.
func (o *Operations) ChangeKeys(ctx context.Context, actor string, change admin.KeysChange) (admin.KeysChanged, error) {
	changed, err := o.admin.ChangeKeys(by(ctx, actor), keysChange(change))
	return answered(changed, err, readKeysChanged)
}

func keysChange(change admin.KeysChange) api.KeysChange {
	asked := api.KeysChange{
		Filter: keyFilter(change.Filter), All: change.All, Action: string(change.Action), DryRun: change.DryRun,
		Limit: change.Filter.Limit, Cursor: after(change.Filter.After.ID),
	}
	if change.Action == admin.ActionUpdate {
		asked.Patch = new(keyPatch(&change.Patch))
	}
	return asked
}

// ImportKeys implements admin.Operations.
func (o *Operations) ImportKeys(ctx context.Context, actor string, keys admin.KeysImport) (admin.KeysImported, error) {
	imported, err := o.admin.ImportKeys(by(ctx, actor), keysImport(keys))
	return answered(imported, err, readKeysImported)
}

// FindKeys implements admin.Operations.
func (o *Operations) FindKeys(ctx context.Context, secrets []ration.Secret) ([]ration.KeyID, error) {
	search := api.KeysSearch{Secrets: make([]string, len(secrets))}
	for i, secret := range secrets {
		search.Secrets[i] = secret.Reveal()
	}
	found, err := o.admin.FindKeys(ctx, search)
	return answered(found, err, readKeysFound)
}

// ImportUsage implements admin.Operations.
func (o *Operations) ImportUsage(ctx context.Context, actor string, usage admin.UsageImport) (admin.UsageImported, error) {
	imported, err := o.admin.ImportUsage(by(ctx, actor), usageImport(usage))
	return answered(imported, err, readUsageImported)
}

package cli

import "context"

// bootstrap makes the first token of scope admin, if the settings have one.
func (i *instance) bootstrap(ctx context.Context) error {
	secret := i.settings.BootstrapToken
	if secret.IsZero() {
		return nil
	}
	made, err := operationsOn(i.store, i.settings).Bootstrap(ctx, secret)
	switch {
	case err != nil:
		return &storeError{err}
	case made:
		i.log.InfoContext(ctx, "made the first service token of scope admin; from now on bootstrap_token_file and RATION_BOOTSTRAP_TOKEN are ignored", "token", "bootstrap")
	default:
		i.log.InfoContext(ctx, "bootstrap_token_file and RATION_BOOTSTRAP_TOKEN are ignored, because a service token of scope admin was made before; remove them")
	}
	return nil
}

package rationhttp

import (
	"context"

	"github.com/ration-dev/ration"
)

// Charger decides charges. It is what this package needs of a [ration.Engine].
type Charger interface {
	// Charge returns after the decision is durable; see [ration.Engine.Charge]
	// for its errors.
	Charge(ctx context.Context, charge ration.Charge) (ration.Decision, error)
}

var _ Charger = (*ration.Engine)(nil)

// ChargeSecret charges in the name of a secret as a client sent it: none and
// any text are decisions too. Its errors are Charge's.
func ChargeSecret(ctx context.Context, charger Charger, charge ration.Charge) (ration.Decision, error) {
	switch {
	case charge.Secret.IsZero():
		return ration.Decision{Code: ration.CodeKeyMissing, DryRun: charge.DryRun}, nil
	case len(charge.Secret.Reveal()) > ration.MaxSecretLength: // nobody has such a secret
		return ration.Decision{Code: ration.CodeKeyUnknown, DryRun: charge.DryRun}, nil
	}
	return charger.Charge(ctx, charge)
}

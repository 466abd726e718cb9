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

// ChargeSecret charges the key of the secret that a client sent. If the client sent
// no secret, or a text that can't be one, there is a decision too. Its errors are
// those of Charge.
func ChargeSecret(ctx context.Context, charger Charger, charge ration.Charge) (ration.Decision, error) {
	if decision, certain := unsent(charge.Secret); certain {
		decision.DryRun = charge.DryRun
		return decision, nil
	}
	return charger.Charge(ctx, charge)
}

// unsent decides what needs no engine: a missing secret, and a text that can't be a
// secret.
func unsent(secret ration.Secret) (decision ration.Decision, certain bool) {
	switch {
	case secret.IsZero():
		return ration.Decision{Code: ration.CodeKeyMissing}, true
	case len(secret.Reveal()) > ration.MaxSecretLength:
		return ration.Decision{Code: ration.CodeKeyUnknown}, true
	}
	return ration.Decision{}, false
}

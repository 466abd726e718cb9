package compare

import (
	"context"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// Token creates a service token for the verify API and what checks it. Close
// the checker.
func (r *Ration) Token(ctx context.Context) (ration.Secret, *admin.TokenChecker, error) {
	issued, err := admin.New(r.store, admin.Config{}).CreateToken(ctx, "bench", admin.NewToken{
		Name: "bench-" + ration.NewKeyID().String(), Scopes: []string{admin.ScopeVerify},
	})
	return issued.Secret, admin.NewTokenChecker(r.store, admin.Config{}), err
}

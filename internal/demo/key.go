package demo

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

const (
	actor     = "dev"
	planName  = "demo"
	keyName   = "Demo key"
	keyOwner  = "demo-user"
	tokenName = "demo"
)

// DailyRequests is the demo plan's quota: small, so that a loop of curl meets it.
const DailyRequests = 10

// Account is a key to try, with a secret made for this start.
type Account struct {
	Key    admin.KeyStatus
	Secret ration.Secret
	Token  ration.Secret // a service token for /v1/verify
	IsNew  bool          // the key was just created; else it has a history
}

// overlap is how long the secret and the token of a start go on after the next start,
// so that what a terminal has in its history works again.
const overlap = 24 * time.Hour

// Prepare makes sure that there are a demo plan and a demo key, and gives the
// key a new secret: only the digests of the earlier ones are there to show.
func Prepare(ctx context.Context, operations admin.Operations) (Account, error) {
	if err := ensurePlan(ctx, operations); err != nil {
		return Account{}, err
	}
	issued, isNew, err := issueKey(ctx, operations)
	if err != nil {
		return Account{}, err
	}
	token, err := issueToken(ctx, operations)
	if err != nil {
		return Account{}, err
	}
	status, err := operations.ShowKey(ctx, issued.Key.ID)
	return Account{Key: status, Secret: issued.Secret, Token: token, IsNew: isNew}, err
}

func ensurePlan(ctx context.Context, operations admin.Operations) error {
	limit := ration.Limit{Meter: ration.MeterRequests, Kind: ration.KindQuota, Period: ration.PeriodDay, Quantity: DailyRequests}
	_, err := operations.CreatePlan(ctx, actor, admin.NewPlan{Name: planName, Limits: []ration.Limit{limit}})
	if errors.Is(err, ration.ErrExists) {
		return nil // its limits may have been changed, to try that
	}
	return err
}

// issueKey gives the first usable key of the demo plan a new secret, or creates one.
func issueKey(ctx context.Context, operations admin.Operations) (issued admin.IssuedSecret, isNew bool, err error) {
	keys, err := admin.FirstKeys(ctx, operations, admin.KeyFilter{Plan: planName, Status: ration.StatusActive})
	if err != nil {
		return admin.IssuedSecret{}, false, err
	}
	i := slices.IndexFunc(keys, func(k admin.KeyRecord) bool { return k.Owner == keyOwner })
	if i < 0 {
		issued, err = operations.CreateKey(ctx, actor, admin.NewKey{Name: keyName, Owner: keyOwner, Plan: planName})
		return issued, true, err
	}
	rotation := admin.Rotation{ID: keys[i].ID, Label: admin.DefaultSecretLabel, Overlap: overlap}
	issued, err = operations.RotateKey(ctx, actor, rotation)
	if errors.Is(err, ration.ErrConflict) { // the secrets of many starts hold
		rotation.Overlap = 0
		issued, err = operations.RotateKey(ctx, actor, rotation)
	}
	return issued, false, err
}

func issueToken(ctx context.Context, operations admin.Operations) (ration.Secret, error) {
	start := time.Now()
	issued, err := operations.CreateToken(ctx, actor, admin.NewToken{
		Name: tokenName + " " + start.UTC().Format(time.RFC3339Nano), Scopes: []string{admin.ScopeVerify}, ExpiresAt: start.Add(overlap),
	})
	return issued.Secret, err
}

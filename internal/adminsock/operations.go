package adminsock

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// operation runs one operation with the input and actor of a request.
type operation func(ctx context.Context, ops admin.Operations, asked request) (output any, err error)

// operations are all operations, by the name of their method.
var operations = map[string]operation{
	"CreateKey": change(func(ops admin.Operations, ctx context.Context, actor string, key admin.NewKey) (issuedSecret, error) {
		issued, err := ops.CreateKey(ctx, actor, key)
		return revealSecret(issued), err
	}),
	"RotateKey": change(func(ops admin.Operations, ctx context.Context, actor string, rotation admin.Rotation) (issuedSecret, error) {
		issued, err := ops.RotateKey(ctx, actor, rotation)
		return revealSecret(issued), err
	}),
	"AddSecret": change(func(ops admin.Operations, ctx context.Context, actor string, secret admin.NewKeySecret) (issuedSecret, error) {
		issued, err := ops.AddSecret(ctx, actor, secret)
		return revealSecret(issued), err
	}),
	"RevokeSecret": change(admin.Operations.RevokeSecret),

	"ListKeys":       read(admin.Operations.ListKeys),
	"ShowKey":        read(admin.Operations.ShowKey),
	"CountUnlimited": read(admin.Operations.CountUnlimited),
	"UpdateKey":      change(admin.Operations.UpdateKey),
	"DisableKey":     change(admin.Operations.DisableKey),
	"EnableKey":      change(admin.Operations.EnableKey),
	"RevokeKey":      change(admin.Operations.RevokeKey),
	"ResetKey":       change(admin.Operations.ResetKey),
	"ChangeKeys":     change(admin.Operations.ChangeKeys),
	"ImportKeys": change(func(ops admin.Operations, ctx context.Context, actor string, keys keysImport) (admin.KeysImported, error) {
		return ops.ImportKeys(ctx, actor, keys.conceal())
	}),
	"FindKeys": read(func(ops admin.Operations, ctx context.Context, secrets []string) ([]ration.KeyID, error) {
		return ops.FindKeys(ctx, concealSecrets(secrets))
	}),
	"ImportUsage": change(admin.Operations.ImportUsage),

	"CreatePlan": change(admin.Operations.CreatePlan),
	"ListPlans": read(func(ops admin.Operations, ctx context.Context, _ struct{}) ([]ration.Plan, error) {
		return ops.ListPlans(ctx)
	}),
	"ShowPlan":   read(admin.Operations.ShowPlan),
	"UpdatePlan": change(admin.Operations.UpdatePlan),
	"ApplyPlans": change(admin.Operations.ApplyPlans),
	"DeletePlan": change(func(ops admin.Operations, ctx context.Context, actor, name string) (struct{}, error) {
		return struct{}{}, ops.DeletePlan(ctx, actor, name)
	}),

	"CreateToken": change(func(ops admin.Operations, ctx context.Context, actor string, token admin.NewToken) (issuedToken, error) {
		issued, err := ops.CreateToken(ctx, actor, token)
		return revealToken(issued), err
	}),
	"ListTokens": read(func(ops admin.Operations, ctx context.Context, _ struct{}) ([]admin.Token, error) {
		return ops.ListTokens(ctx)
	}),
	"RevokeToken": change(admin.Operations.RevokeToken),

	"ExplainKey": read(admin.Operations.ExplainKey),
	"Reconcile":  read(admin.Operations.Reconcile),

	"UsageDays": read(admin.Operations.UsageDays),
	"SumUsage":  read(admin.Operations.SumUsage),
	"ListAudit": read(admin.Operations.ListAudit),

	"Diagnose": read(admin.Operations.Diagnose),
	"Backup": read(func(ops admin.Operations, ctx context.Context, path string) (struct{}, error) {
		return struct{}{}, ops.Backup(ctx, path)
	}),
	"RepairUsage": change(admin.Operations.RepairUsage),
}

func read[In, Out any](do func(admin.Operations, context.Context, In) (Out, error)) operation {
	return func(ctx context.Context, ops admin.Operations, asked request) (any, error) {
		input, err := decode[In](asked.Input)
		if err != nil {
			return nil, err
		}
		return do(ops, ctx, input)
	}
}

func change[In, Out any](do func(admin.Operations, context.Context, string, In) (Out, error)) operation {
	return func(ctx context.Context, ops admin.Operations, asked request) (any, error) {
		input, err := decode[In](asked.Input)
		if err != nil {
			return nil, err
		}
		return do(ops, ctx, asked.Actor, input)
	}
}

// decode refuses fields that it does not know: a change must not be made in part.
func decode[T any](text []byte) (value T, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&value); err != nil {
		return value, fmt.Errorf("%w: %w", errOtherRelease, err)
	}
	return value, nil
}

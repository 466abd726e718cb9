package adminclient

import (
	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

func readPlan(p api.Plan) (ration.Plan, error) {
	plan := ration.Plan{Name: p.Name, TimeZone: p.TimeZone, Unlimited: p.Unlimited, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt}
	for _, limit := range p.Limits {
		plan.Limits = append(plan.Limits, readLimit(limit))
	}
	for _, next := range p.Next {
		plan.Next = append(plan.Next, ration.NextLimit{Limit: readLimit(next.PlanLimit), Removed: next.Removed, Since: next.Since})
	}
	return plan, nil
}

func readPlansApplied(applied api.PlansApplied) ([]admin.PlanApplied, error) {
	return all(applied.Plans, func(p api.PlanChange) (admin.PlanApplied, error) {
		read := admin.PlanApplied{Action: admin.PlanAction(p.Action)}
		if p.Before != nil {
			read.Before, _ = readPlan(*p.Before)
		}
		if p.After != nil {
			read.After, _ = readPlan(*p.After)
		}
		return read, nil
	})
}

func readToken(t api.Token) (admin.Token, error) {
	id, err := uuid.Parse(t.ID)
	return admin.Token{
		ID: id, Name: t.Name, Scopes: t.Scopes, Owners: orNilList(t.Owners), Plans: orNilList(t.Plans), Start: t.Start, End: t.End, CreatedAt: t.CreatedAt,
		ExpiresAt: orZero(t.ExpiresAt), RevokedAt: orZero(t.RevokedAt), LastUsedAt: orZero(t.LastUsed),
	}, err
}

func orNilList(texts []string) []string {
	if len(texts) == 0 {
		return nil
	}
	return texts
}

func readIssuedToken(issued api.IssuedToken) (admin.IssuedToken, error) {
	token, err := readToken(issued.Token)
	return admin.IssuedToken{Token: token, Secret: ration.SecretFromText(issued.Secret)}, err
}

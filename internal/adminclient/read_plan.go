package adminclient

import (
	"errors"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

func readPlan(p api.Plan) (ration.Plan, error) {
	plan := ration.Plan{Name: p.Name, TimeZone: p.TimeZone, Unlimited: p.Unlimited, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt}
	for _, limit := range p.Limits {
		read, err := readLimit(limit)
		if err != nil {
			return plan, err
		}
		plan.Limits = append(plan.Limits, read)
	}
	for _, next := range p.Next {
		read, err := readLimit(next.PlanLimit)
		if err != nil {
			return plan, err
		}
		plan.Next = append(plan.Next, ration.NextLimit{Limit: read, Removed: next.Removed, Since: next.Since})
	}
	return plan, nil
}

func readPlansApplied(applied api.PlansApplied) (read admin.PlansApplied, err error) {
	if read.Meters, err = all(applied.Meters, readMeterChange); err != nil {
		return read, err
	}
	read.Plans, err = all(applied.Plans, readPlanChange)
	return read, err
}

func readMeterChange(m api.MeterChange) (read admin.MeterApplied, err error) {
	read.Action = admin.PlanAction(m.Action)
	if m.Before != nil {
		if read.Before, err = readMeter(*m.Before); err != nil {
			return read, err
		}
	}
	read.After, err = readMeter(m.After)
	return read, err
}

func readMeter(m api.Meter) (admin.Meter, error) {
	unit, err := ration.ParseUnit(string(m.Unit))
	return admin.Meter{MeterUnit: admin.MeterUnit{Name: m.Name, Unit: unit}, CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt}, err
}

func readPlanChange(p api.PlanChange) (admin.PlanApplied, error) {
	read := admin.PlanApplied{Action: admin.PlanAction(p.Action)}
	var before, after error
	if p.Before != nil {
		read.Before, before = readPlan(*p.Before)
	}
	if p.After != nil {
		read.After, after = readPlan(*p.After)
	}
	return read, errors.Join(before, after)
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

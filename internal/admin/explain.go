package admin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// ExplainKey says how each limit of a key would decide a charge, and why. It reads
// key, plan, usage and reservations one after the other, and charges nothing. Error:
// ErrNotFound.
func (s *Service) ExplainKey(ctx context.Context, question ExplainQuestion) (Explanation, error) {
	charge, err := ration.Charge{
		KeyID: question.KeyID, Amounts: question.Amounts, Scope: question.Scope, IP: question.IP, DryRun: true,
	}.Normalize()
	if err != nil {
		return Explanation{}, err
	}
	key, err := s.standing(ctx, question.KeyID)
	if err != nil {
		return Explanation{}, err
	}
	open, err := s.store.Reservations(ctx, ration.ReservationFilter{KeyID: question.KeyID, Open: true})
	if err != nil {
		return Explanation{}, err
	}
	key.foresee(open)
	status, policy := key.status, key.policy
	if !question.IP.IsValid() {
		policy.Key.AllowedIPs = nil
	}
	charge.Amounts = key.units.In(charge.Amounts)
	clock := ledger.Clock{Now: status.At}
	decision, _ := ledger.Decide(&policy, key.usage, &charge, ration.SecretID{}, clock)
	explanation := Explanation{
		Key: status.KeyRecord, At: status.At, PeriodZone: status.PeriodZone,
		Code: decision.Code, RetryAfter: decision.RetryAfter, Reservations: open,
	}
	key.policy.Key.Status, key.policy.Key.ExpiresAt, key.policy.Key.AllowedIPs = ration.StatusActive, time.Time{}, nil
	charge.Scope = ""
	for _, limit := range status.Limits {
		explanation.Limits = append(explanation.Limits, key.explain(limit, &charge, open))
	}
	return explanation, nil
}

// standing is a key as it was read.
type standing struct {
	status KeyStatus
	policy ledger.Policy
	usage  ledger.Usage // with the periods as they run
	units  ledger.Units
}

func (s *Service) standing(ctx context.Context, id ration.KeyID) (key standing, err error) {
	record, err := s.key(ctx, id)
	if err != nil {
		return key, err
	}
	plans, err := s.planReader(ctx).of(&record.Key)
	switch {
	case err != nil:
		return key, err
	case plans == nil:
		return key, fmt.Errorf("%s: %w", planNamed(cmp.Or(record.Plan, record.NextPlan)), ration.ErrNotFound)
	}
	usage, now, err := s.store.KeyUsage(ctx, id)
	if err != nil {
		return key, named("key "+id.String(), err)
	}
	if key.units, err = s.units(ctx); err != nil {
		return key, err
	}
	record.NoLimit = noLimit(&record, plans, now)
	if key.policy, err = ledger.NewPolicy(record.Key, *plans, record.Overrides, nil, now); err != nil {
		return key, err
	}
	settleKey(&record, now)
	key.status, key.usage = keyStatus(record, key.policy, usage, now)
	return key, nil
}

// foresee takes in what open reservations will do, those that are due at once.
func (k *standing) foresee(open []ration.Reservation) {
	slices.SortStableFunc(open, func(a, b ration.Reservation) int { return a.ExpiresAt.Compare(b.ExpiresAt) })
	usage, holds := k.usage.Foresee(open, k.status.At)
	k.policy.Holds = holds
	k.status, k.usage = keyStatus(k.status.KeyRecord, k.policy, usage, k.status.At)
}

// explain asks one limit alone, with the same rule as decisions.
func (k *standing) explain(limit ration.LimitStatus, charge *ration.Charge, open []ration.Reservation) LimitExplanation {
	explained := LimitExplanation{LimitStatus: limit, Code: ration.CodeOK, Plan: k.policy.Key.Plan}
	if i := slices.IndexFunc(charge.Amounts, func(a ration.Amount) bool { return a.Meter == limit.Meter }); i >= 0 {
		explained.Asked = limit.Unit.Of(charge.Amounts[i].Units, charge.Amounts[i].Unit)
		alone := k.policy.Alone(limit.Key())
		decision, _ := ledger.Decide(&alone, k.usage, charge, ration.SecretID{}, ledger.Clock{Now: k.status.At})
		explained.Code, explained.RetryAfter = decision.Code, decision.RetryAfter
		explained.Exceeded = decision.Code != ration.CodeOK
	}
	if own, found := ration.OverrideAt(k.status.Overrides, limit.Key(), k.status.At); found {
		explained.Plan, explained.Until = "", own.ExpiresAt
	}
	k.explainChange(&explained)
	explained.Holds = k.holdings(limit, open)
	return explained
}

// explainChange says when a limit ends or changes by itself, and what holds then.
func (k *standing) explainChange(explained *LimitExplanation) {
	alone := k.policy.Alone(explained.Key())
	terms := alone.Terms()
	for at := terms.NextChange(k.status.At); !at.IsZero(); at = terms.NextChange(at) {
		then := limitOn(terms.LimitsAt(at), explained.Key())
		if at.Equal(explained.Until) || then == nil || then.Quantity != explained.Quantity || then.Burst != explained.Burst {
			explained.Until, explained.Then = at, then
			return
		}
	}
}

// limitOn returns the limit on something, nil for none.
func limitOn(limits []ration.Limit, on ration.LimitKey) *ration.Limit {
	if i := slices.IndexFunc(limits, func(l ration.Limit) bool { return l.Key() == on }); i >= 0 {
		return &limits[i]
	}
	return nil
}

// holdings returns what open reservations hold of a quota's running period.
func (k *standing) holdings(limit ration.LimitStatus, open []ration.Reservation) (holds []OpenHold) {
	usage := k.usage.Meter(limit.Meter)
	if limit.Kind != ration.KindQuota || usage == nil {
		return nil
	}
	for _, r := range open {
		if r.DueAt(k.status.At) {
			continue
		}
		for _, held := range r.Held {
			if held.Meter == limit.Meter && held.Units > 0 && usage.Counts(&held, limit.Period) {
				holds = append(holds, OpenHold{Reservation: r.ID, Units: held.Units, ExpiresAt: r.ExpiresAt})
			}
		}
	}
	return holds
}

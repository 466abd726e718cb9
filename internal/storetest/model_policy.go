package storetest

import (
	"cmp"
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// access decides all that has nothing to do with limits.
func (k *modelKey) access(charge item, now time.Time) ration.Code {
	over := func(end time.Time) bool { return !end.IsZero() && (now.Equal(end) || now.After(end)) }
	if charge.SecretID != (ration.SecretID{}) {
		i := slices.IndexFunc(k.Secrets, func(s ration.SecretState) bool { return s.ID == charge.SecretID })
		if i < 0 {
			return ration.CodeKeyUnknown
		}
		if !k.Secrets[i].RevokedAt.IsZero() {
			return ration.CodeKeyRevoked
		}
		if over(k.Secrets[i].ExpiresAt) {
			return ration.CodeKeyExpired
		}
	}
	switch k.Status {
	case ration.StatusRevoked:
		return ration.CodeKeyRevoked
	case ration.StatusDisabled, ration.StatusPending, ration.StatusRejected:
		return ration.CodeKeyDisabled
	}
	if over(k.ExpiresAt) {
		return ration.CodeKeyExpired
	}
	if allowed := len(k.AllowedIPs) == 0; !allowed {
		for _, prefix := range k.AllowedIPs {
			allowed = allowed || charge.IP.IsValid() && prefix.Contains(charge.IP)
		}
		if !allowed {
			return ration.CodeIPNotAllowed
		}
	}
	if charge.Scope != "" && !slices.Contains(k.Scopes, charge.Scope) {
		return ration.CodeInsufficientScope
	}
	return ration.CodeOK
}

// noteSecret keeps the last use of a secret to the minute.
func (k *modelKey) noteSecret(id ration.SecretID, now time.Time) {
	for i := range k.Secrets {
		secret := &k.Secrets[i]
		if secret.ID == id && (secret.LastUsedAt.IsZero() || !now.Before(secret.LastUsedAt.Add(time.Minute))) {
			secret.LastUsedAt = now
		}
	}
}

// limits resolves what holds for a key: for each meter, kind and period its
// temporary override until that ends, else its lasting one, else its plan's limit.
func (m *model) limits(key *modelKey, now time.Time) []ration.Limit {
	type what struct {
		meter  string
		period ration.Period // which tells the kind
	}
	holds := map[what]ration.Limit{}
	if plan := m.planOf(key, now); plan != nil {
		for _, limit := range plan.Limits {
			holds[what{limit.Meter, limit.Period}] = limit
		}
		for _, next := range m.started(key, plan, now) {
			at := what{next.Meter, next.Period}
			if delete(holds, at); !next.Removed {
				holds[at] = next.Limit
			}
		}
	}
	names := map[what]string{} // of what is beneath, though it be lifted
	for at, limit := range holds {
		names[at] = limit.Name
	}
	lifted := map[what]bool{}
	for _, temporary := range []bool{false, true} { // from the bottom to the top
		for _, own := range key.standing(now) {
			if ends := !own.ExpiresAt.IsZero(); ends != temporary || ends && !own.ExpiresAt.After(now) {
				continue
			}
			at := what{own.Meter, own.Period}
			given := own.Name != own.Meter+"-"+string(own.Period) && own.Name != own.Meter+"-rate-"+string(own.Period)
			if given || names[at] == "" {
				names[at] = own.Name
			}
			holds[at], lifted[at] = own.Limit, own.Unlimited
		}
	}
	var limits []ration.Limit
	for at, limit := range holds {
		if !lifted[at] {
			limit.Name = names[at]
			limits = append(limits, limit)
		}
	}
	length := map[ration.Period]int{
		ration.PeriodSecond: 1, ration.PeriodMinute: 60, ration.PeriodHour: 3600, ration.PeriodDay: 86400,
		ration.PeriodWeek: 7 * 86400, ration.PeriodMonth: 30 * 86400, ration.PeriodLifetime: 1 << 40,
	}
	slices.SortFunc(limits, func(a, b ration.Limit) int {
		return cmp.Or(meterOrder(a.Meter, b.Meter), cmp.Compare(length[a.Period], length[b.Period]))
	})
	return limits
}

// limitsChanged is when a key's limits may have last changed: when anything of the key
// or its plan did, an override of its ended, or a scheduled limit started.
func (m *model) limitsChanged(key *modelKey, now time.Time) time.Time {
	changes := []time.Time{key.UpdatedAt}
	if plan := m.planOf(key, now); plan != nil {
		changes = append(changes, plan.UpdatedAt)
	}
	for _, at := range m.foreseen(key) {
		if !at.After(now) {
			changes = append(changes, at)
		}
	}
	return slices.MaxFunc(changes, time.Time.Compare)
}

// meterOrder puts requests first and the others in the order of their names.
func meterOrder(a, b string) int {
	for _, name := range []*string{&a, &b} {
		if *name == ration.MeterRequests {
			*name = ""
		}
	}
	return cmp.Compare(a, b)
}

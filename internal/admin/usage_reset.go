package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// UsageReset is a key whose limits are reset, within a transaction.
type UsageReset struct {
	Now   time.Time // the store's time
	Key   KeyRecord
	Plans ledger.Plans
	Usage ledger.Usage // to be changed in place
	Audit AuditEntry   // to be filled in
}

// ResetKey begins the current periods of limits anew. See [Operations].
func (s *Service) ResetKey(ctx context.Context, actor string, reset KeyReset) (KeyResetDone, error) {
	by, err := authorOf(ctx, actor)
	if err != nil {
		return KeyResetDone{}, err
	}
	if err := validateText("reason", reset.Reason, 1, MaxTextLength); err != nil {
		return KeyResetDone{}, err
	}
	var done KeyResetDone
	err = s.store.ResetUsage(Answering(ctx, func(struct{}) KeyResetDone { return done }), reset.ID, func(change *UsageReset) (err error) {
		if key := change.Key; !s.reach.has(settled(&key, change.Now)) {
			return ration.ErrNotFound
		}
		done, err = resetKey(by, &reset, change)
		if err == nil && reset.DryRun {
			return ErrUnchanged
		}
		return err
	})
	if err != nil && !errors.Is(err, ErrUnchanged) {
		return KeyResetDone{}, named("key "+reset.ID.String(), err)
	}
	return done, nil
}

// resetKey resets the limits that are meant, and completes the audit entry.
func resetKey(by author, reset *KeyReset, change *UsageReset) (done KeyResetDone, err error) {
	if status := change.Key.Status; status == ration.StatusRevoked || status == ration.StatusRejected {
		return done, fmt.Errorf("%w: key %s is %s%s", ration.ErrConflict, reset.ID, status, finality(status))
	}
	policy, err := ledger.NewPolicy(change.Key.Key, change.Plans, change.Key.Overrides, nil, change.Now)
	if err != nil {
		return done, err
	}
	limits, err := limitsToReset(reset, policy.Limits)
	if err != nil {
		return done, err
	}
	before, _ := keyStatus(change.Key, policy, change.Usage, change.Now)
	for i := range change.Usage {
		meter := &change.Usage[i]
		own := slices.DeleteFunc(slices.Clone(limits), func(l ration.Limit) bool { return l.Meter != meter.Meter })
		meter.Reset(own, change.Now, policy.Zone)
	}
	after, _ := keyStatus(change.Key, policy, change.Usage, change.Now)
	done = KeyResetDone{KeyID: reset.ID, At: change.Now}
	entry := map[string]any{"reason": reset.Reason}
	for _, limit := range limits {
		was, now := limitStatus(before.Limits, limit.Key()), limitStatus(after.Limits, limit.Key())
		_, own := ration.OverrideAt(change.Key.Overrides, limit.Key(), change.Now)
		done.Limits = append(done.Limits, LimitReset{Used: was.Used, Reserved: was.Reserved, Now: now, Override: own})
		entry["limit."+limit.Name] = difference{Old: countFields(was), New: countFields(now)}
	}
	details, err := marshalDetails(entry)
	change.Audit = by.entry("key.reset", reset.ID.String(), details)
	return done, err
}

// countFields describes what a limit counts.
func countFields(limit ration.LimitStatus) fields {
	all := fields{"limit": limit.String(), "used": json.Number(limit.Unit.Text(limit.Used))}
	all.add("reserved", json.Number(limit.Unit.Text(limit.Reserved)), limit.Reserved > 0)
	return all
}

func limitStatus(statuses []ration.LimitStatus, key ration.LimitKey) ration.LimitStatus {
	return statuses[slices.IndexFunc(statuses, func(s ration.LimitStatus) bool { return s.Key() == key })]
}

// limitsToReset returns the limits that a reset means, of those that hold.
func limitsToReset(reset *KeyReset, hold []ration.Limit) ([]ration.Limit, error) {
	hold = slices.DeleteFunc(slices.Clone(hold), func(l ration.Limit) bool { return l.Kind == ration.KindConcurrent }) // which has no count to begin anew
	if len(hold) == 0 {
		return nil, fmt.Errorf("%w: key %s has no limit, so there is nothing to reset", ration.ErrConflict, reset.ID)
	}
	wanted := make([]bool, len(hold))
	for _, name := range reset.Limits {
		i := indexOfLimit(hold, name)
		if i < 0 {
			return nil, &ration.InvalidError{Field: "limit", Value: name, Reason: "the key has no such limit; it has " + namesOf(hold)}
		}
		wanted[i] = true
	}
	var limits []ration.Limit
	for i := range hold {
		if (wanted[i] || len(reset.Limits) == 0) && (reset.Meter == "" || reset.Meter == hold[i].Meter) {
			limits = append(limits, hold[i])
		}
	}
	if len(limits) == 0 {
		return nil, &ration.InvalidError{Field: "meter", Value: reset.Meter, Reason: "the key has no such limit on this meter; it has " + namesOf(hold)}
	}
	return limits, nil
}

// indexOfLimit finds a limit by its name, or by its meter and period; -1: none.
func indexOfLimit(limits []ration.Limit, name string) int {
	if i := slices.IndexFunc(limits, func(l ration.Limit) bool { return l.Name == name }); i >= 0 {
		return i
	}
	key, err := ParseLimitKey(name)
	if err != nil {
		return -1
	}
	return slices.IndexFunc(limits, func(l ration.Limit) bool { return l.Key() == key })
}

func namesOf(limits []ration.Limit) string {
	names := make([]string, len(limits))
	for i := range limits {
		names[i] = limits[i].Name
	}
	return strings.Join(names, ", ")
}

package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// KeyStatus is a key and how it stands at an instant.
type KeyStatus struct {
	KeyRecord
	At         time.Time            // the store's time
	PeriodZone string               // of its periods: the key's own, else its plan's, else UTC
	Limits     []ration.LimitStatus // those that hold
	Usage      ration.Usage         // on all meters used or limited, with the periods as they run at that instant
}

// ListKeys returns the keys that match.
func (s *Service) ListKeys(ctx context.Context, filter KeyFilter) ([]KeyRecord, error) {
	if err := filter.validate(); err != nil {
		return nil, err
	}
	keys, _, err := s.findKeys(ctx, filter)
	if err != nil || filter.Unlimited != "" {
		return keys, err // those are judged
	}
	return s.judged(ctx, keys)
}

// ShowKey returns a key with its limits and what remains of them: of a key that
// may not be used, what would remain. Key, plan and usage are read one after
// another; it decides nothing. Error: ErrNotFound.
func (s *Service) ShowKey(ctx context.Context, id ration.KeyID) (KeyStatus, error) {
	status, _, _, err := s.standing(ctx, id)
	return status, err
}

// keyStatus asks ration.Decide about a charge of nothing: that is how every
// limit stands.
func keyStatus(record KeyRecord, policy ration.Policy, usage ration.Usage, now time.Time) KeyStatus {
	policy.Key.Status, policy.Key.ExpiresAt, policy.Key.AllowedIPs = ration.StatusActive, time.Time{}, nil
	charge := ration.Charge{KeyID: record.ID, Amounts: nothingOn(policy.Limits, usage)}
	decision, changes := ration.Decide(&policy, usage, &charge, ration.Clock{Now: now})
	status := KeyStatus{KeyRecord: record, At: now, PeriodZone: policy.Zone.String(), Limits: decision.Limits}
	for _, change := range changes.Meters {
		entry := ration.MeterUsage{Meter: change.Meter}
		if before := usage.Meter(change.Meter); before != nil {
			entry = *before
		}
		entry.Windows, entry.Rates = change.Window, change.Rates
		status.Usage = append(status.Usage, entry)
	}
	return status
}

// nothingOn names every meter that is limited or was used, and requests.
func nothingOn(limits []ration.Limit, usage ration.Usage) []ration.Amount {
	meters := []string{ration.MeterRequests}
	for _, limit := range limits {
		meters = append(meters, limit.Meter)
	}
	for _, entry := range usage {
		meters = append(meters, entry.Meter)
	}
	slices.SortFunc(meters, ration.CompareMeters)
	meters = slices.Compact(meters)
	amounts := make([]ration.Amount, len(meters))
	for i, meter := range meters {
		amounts[i].Meter = meter
	}
	return amounts
}

// named says what was not found.
func named(what string, err error) error {
	if errors.Is(err, ration.ErrNotFound) {
		return fmt.Errorf("%s: %w", what, ration.ErrNotFound)
	}
	return err
}

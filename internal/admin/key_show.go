package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// ShowKey returns a key with its limits and what remains of them: of a key that
// may not be used, what would remain. Key, plan and usage are read one after
// another; it decides nothing. Error: ErrNotFound.
func (s *Service) ShowKey(ctx context.Context, id ration.KeyID) (KeyStatus, error) {
	standing, err := s.standing(ctx, id)
	if err != nil {
		return KeyStatus{}, err
	}
	for i := range standing.status.Usage {
		usage := &standing.status.Usage[i]
		usage.Unit = standing.units[usage.Meter]
	}
	return standing.status, nil
}

// keyStatus asks ledger.Decide about a charge of nothing: that is how every
// limit stands. It also returns the usage, with the periods as they run.
func keyStatus(record KeyRecord, policy ledger.Policy, usage ledger.Usage, now time.Time) (KeyStatus, ledger.Usage) {
	policy.Key.Status, policy.Key.ExpiresAt, policy.Key.AllowedIPs = ration.StatusActive, time.Time{}, nil
	charge := ration.Charge{KeyID: record.ID, Amounts: nothingOn(policy.Limits, usage)}
	decision, changes := ledger.Decide(&policy, usage, &charge, ration.SecretID{}, ledger.Clock{Now: now})
	status := KeyStatus{KeyRecord: record, At: now, PeriodZone: policy.Zone.String(), Limits: decision.Limits}
	running := make(ledger.Usage, len(changes.Meters))
	for i, change := range changes.Meters {
		entry := ledger.MeterUsage{Meter: change.Meter}
		if before := usage.Meter(change.Meter); before != nil {
			entry = *before
			entry.StepBack(now)
		}
		entry.Windows, entry.Rates = change.Window, change.Rates
		entry.Shifted, entry.Resets.Epoch = change.Shifted, change.Epoch
		running[i] = entry
		status.Usage = append(status.Usage, meterUsage(entry))
	}
	return status, running
}

func meterUsage(usage ledger.MeterUsage) MeterUsage {
	used := func(period ration.Period) int64 {
		return usage.Windows[slices.Index(ration.WindowPeriods[:], period)].Used
	}
	return MeterUsage{
		Meter: usage.Meter, Used: usage.Used, Reserved: usage.Reserved, Denied: usage.Denied,
		Hour: used(ration.PeriodHour), Day: used(ration.PeriodDay), Week: used(ration.PeriodWeek), Month: used(ration.PeriodMonth),
		FirstRequestAt: usage.FirstRequestAt, LastRequestAt: usage.LastRequestAt,
	}
}

// nothingOn names every meter that is limited or was used, and requests.
func nothingOn(limits []ration.Limit, usage ledger.Usage) []ration.Amount {
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

package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
)

// maxPageSize is the most rows of one list.
const maxPageSize = 100_000

// UsageDays returns what was used per key, meter and local day. A key's days are
// those of its own time zone.
func (s *Service) UsageDays(ctx context.Context, filter UsageFilter) ([]UsageDay, error) {
	if err := validateUsageFilter(&filter); err != nil {
		return nil, err
	}
	s.reach.narrow(&filter.Owners, &filter.Plans)
	var days []UsageDay
	_, err := s.readComplete(ctx, filter, func(filter UsageFilter) (err error) {
		days, err = s.store.UsageDays(ctx, filter)
		return err
	})
	if err != nil {
		return nil, err
	}
	units, err := s.units(ctx)
	for i := range days {
		days[i].Unit = units[days[i].Meter]
	}
	return days, err
}

func validateUsageFilter(filter *UsageFilter) error {
	if filter.To != 0 && filter.To < filter.From {
		return &ration.InvalidError{Field: "to", Value: dateText(filter.To), Reason: "use a date that is not before " + dateText(filter.From)}
	}
	if len(filter.KeyIDs) > rationadmin.MostUsageKeys {
		return &ration.InvalidError{Field: "keys", Value: strconv.Itoa(len(filter.KeyIDs)), Reason: fmt.Sprintf("name at most %d keys", rationadmin.MostUsageKeys)}
	}
	if filter.Meter != "" {
		if err := ration.ValidateMeter(filter.Meter); err != nil {
			return err
		}
	}
	return ValidatePageSize(filter.Limit)
}

// ListReservations returns the reservations that match.
func (s *Service) ListReservations(ctx context.Context, filter ReservationFilter) ([]ration.Reservation, error) {
	if filter.State != "" && !slices.Contains(reservationStates, filter.State) {
		return nil, &ration.InvalidError{Field: "state", Value: string(filter.State), Reason: "use open, settled, voided or expired"}
	}
	if err := ValidatePageSize(filter.Limit); err != nil {
		return nil, err
	}
	s.reach.narrow(&filter.Owners, &filter.Plans)
	return s.store.ListReservations(ctx, filter)
}

var reservationStates = []ration.ReservationState{ration.ReservationOpen, ration.ReservationSettled, ration.ReservationVoided, ration.ReservationExpired}

// ListAudit returns who changed what, the newest first unless the filter says otherwise.
func (s *Service) ListAudit(ctx context.Context, filter AuditFilter) ([]AuditEntry, error) {
	if !filter.Until.IsZero() && !filter.Since.Before(filter.Until) {
		return nil, &ration.InvalidError{Field: "until", Value: filter.Until.UTC().Format(time.RFC3339), Reason: "use a time after since"}
	}
	if err := ValidatePageSize(filter.Limit); err != nil {
		return nil, err
	}
	if !s.reach.IsAll() {
		id, err := ration.ParseKeyID(filter.Target)
		if err != nil {
			return nil, fmt.Errorf("%w: ask for the changes of one key, with its id as the target", ErrOutOfReach)
		}
		if _, err := s.key(ctx, id); errors.Is(err, ration.ErrNotFound) {
			return nil, nil // as of a target that was never changed
		} else if err != nil {
			return nil, err
		}
	}
	entries, err := s.store.ListAudit(ctx, filter)
	if err != nil {
		return nil, err
	}
	return entries, s.nameTargets(ctx, entries)
}

// nameTargets says how the keys are called that entries are about. One that was deleted has
// no name.
func (s *Service) nameTargets(ctx context.Context, entries []AuditEntry) error {
	var ids []ration.KeyID
	of := make(map[ration.KeyID][]*AuditEntry)
	for i := range entries {
		if id, err := ration.ParseKeyID(entries[i].Target); err == nil {
			if of[id] == nil {
				ids = append(ids, id)
			}
			of[id] = append(of[id], &entries[i])
		}
	}
	for some := range slices.Chunk(ids, MaxKeysAtOnce) {
		names, err := s.store.NamesOfKeys(ctx, some)
		if err != nil {
			return err
		}
		for id, name := range names {
			for _, entry := range of[id] {
				entry.KeyName = name
			}
		}
	}
	return nil
}

// ValidatePageSize returns an error unless a list may have this limit; 0 is the list's own.
func ValidatePageSize(size int) error {
	if size < 0 || size > maxPageSize {
		return &ration.InvalidError{Field: "limit", Value: strconv.Itoa(size), Reason: "use 1 to 100000"}
	}
	return nil
}

func dateText(periodID ration.PeriodID) string { return periodID.Date().Format("2006-01-02") }

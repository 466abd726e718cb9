package admin

import (
	"context"

	"github.com/ration-dev/ration"
)

// readComplete calls read with a filter that selects only days since which the history is
// complete, and returns the first of these, or 0. It refuses a filter that selects earlier
// ones, for a report on them would tell too little; one without From selects what there
// is. It calls read again if days were deleted meanwhile.
func (s *Service) readComplete(ctx context.Context, filter UsageFilter, read func(UsageFilter) error) (ration.PeriodID, error) {
	since, err := s.store.HistorySince(ctx)
	for err == nil {
		complete := filter
		if err := refuseDeleted(&filter, since); err != nil {
			return 0, err
		}
		complete.From = max(filter.From, since)
		if err := read(complete); err != nil {
			return 0, err
		}
		before := since
		if since, err = s.store.HistorySince(ctx); since == before {
			break
		}
	}
	return since, err
}

// refuseDeleted returns an error for a filter that selects days from before since.
func refuseDeleted(filter *UsageFilter, since ration.PeriodID) error {
	wrong := ration.InvalidError{Field: "from", Reason: "usage by day is complete from " + dateText(since) + " on; earlier days were deleted (history_days)"}
	switch {
	case filter.From != 0 && filter.From < since:
		wrong.Value = dateText(filter.From)
	case filter.To != 0 && filter.To < since:
		wrong.Field, wrong.Value = "to", dateText(filter.To)
	default:
		return nil
	}
	return &wrong
}

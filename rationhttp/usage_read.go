package rationhttp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/turns"
	"github.com/ration-dev/ration/internal/wire"
	"github.com/ration-dev/ration/rationadmin"
)

const (
	// usageDays is how many days are told, with the current one.
	usageDays = 30
	// maxUsageRows is the most that is read of them: one row for each day and meter.
	maxUsageRows = 1000 * usageDays
	// maxUsageRead is how long all reading may take.
	maxUsageRead = 5 * time.Second
)

// readInTurn returns what a key used. Keys that wait take turns. Errors:
// turns.ErrBusy, and [ration.ErrStoreUnavailable] also if ctx ends.
func (u *Usage) readInTurn(ctx context.Context, id ration.KeyID, also func(context.Context, ration.KeyID) error) (api.OwnUsage, error) {
	switch err := u.turns.Take(ctx, turns.Who{Line: string(id[:])}); {
	case errors.Is(err, turns.ErrBusy):
		return api.OwnUsage{}, err
	case err != nil:
		return api.OwnUsage{}, fmt.Errorf("%w: %w", ration.ErrStoreUnavailable, err)
	}
	defer u.turns.Give(false)
	reading, cancel := context.WithTimeout(ctx, maxUsageRead)
	defer cancel()
	usage, err := readUsage(reading, u.reader, id)
	if err == nil && also != nil {
		err = also(reading, id)
	}
	if err != nil && reading.Err() != nil {
		return api.OwnUsage{}, fmt.Errorf("%w: %w", ration.ErrStoreUnavailable, err)
	}
	return usage, err
}

// readUsage reads what the holder of a key may know.
func readUsage(ctx context.Context, reader UsageReader, id ration.KeyID) (api.OwnUsage, error) {
	explanation, err := reader.ExplainKey(ctx, rationadmin.ExplainQuestion{KeyID: id, Amounts: []ration.Amount{{Meter: ration.MeterRequests}}})
	if err != nil {
		return api.OwnUsage{}, err
	}
	zone, err := ration.LoadZone(explanation.PeriodZone)
	if err != nil {
		return api.OwnUsage{}, err
	}
	to, _ := ration.PeriodAt(ration.PeriodDay, explanation.At, zone)
	from := to - usageDays + 1
	days, err := reader.UsageDays(ctx, rationadmin.UsageFilter{KeyID: id, From: from, To: to, Limit: maxUsageRows + 1})
	if err != nil {
		return api.OwnUsage{}, err
	}
	more := len(days) > maxUsageRows
	if more {
		days = days[:maxUsageRows]
	}
	usage := wire.OwnUsage(&explanation, from, to, days)
	usage.More = more
	return usage, nil
}

package admin

import (
	"context"
	"slices"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// setToday sets Today of keys, by one read of what all of them have used.
func (s *Service) setToday(ctx context.Context, keys []KeyRecord) error {
	if len(keys) == 0 {
		return nil
	}
	ids := make([]ration.KeyID, len(keys))
	for i := range keys {
		ids[i] = keys[i].ID
	}
	usage, now, err := s.store.UsageOfKeys(ctx, ids)
	if err != nil {
		return err
	}
	plans := s.planReader(ctx)
	for i := range keys {
		key := &keys[i]
		own, err := plans.of(&key.Key)
		if err != nil {
			return err
		}
		if own == nil {
			continue
		}
		policy, err := ledger.NewPolicy(key.Key, *own, key.Overrides, nil, now)
		if err != nil {
			continue // no charge of this key is decided; 'ration keys show' says why
		}
		status, _ := keyStatus(*key, policy, usage[key.ID], now)
		key.Today = today(&status)
	}
	return nil
}

// today takes the requests of the current day from a key's status.
func today(status *KeyStatus) *Today {
	day := ration.LimitKey{Meter: ration.MeterRequests, Kind: ration.KindQuota, Period: ration.PeriodDay}
	if i := slices.IndexFunc(status.Limits, func(l ration.LimitStatus) bool { return l.Key() == day }); i >= 0 {
		limit := status.Limits[i]
		return &Today{Used: limit.Used, Reserved: limit.Reserved, Limit: &limit.Quantity}
	}
	for _, usage := range status.Usage {
		if usage.Meter == ration.MeterRequests {
			return &Today{Used: usage.Day}
		}
	}
	return new(Today)
}

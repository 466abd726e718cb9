package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sqladmin"
)

// RaiseUsage implements admin.Usage.
func (s *Store) RaiseUsage(ctx context.Context, days []admin.DayKey, raise func(*admin.UsageRaise) error) error {
	ids, err := admin.DayKeys(days)
	if err != nil {
		return err
	}
	return s.write(ctx, "raising usage", func(ctx context.Context, t tx) error {
		return sqladmin.Step(ctx, changer{reader{t}, t}, s.raiseUsage(ctx, t, ids, days, raise))
	})
}

func (s *Store) raiseUsage(ctx context.Context, t tx, ids []ration.KeyID, days []admin.DayKey, raise func(*admin.UsageRaise) error) error {
	if err := t.lockKeys(ctx, ids); err != nil {
		return err
	}
	now, err := storeTime(ctx, t)
	switch {
	case err != nil:
		return err
	case s.suspects(now):
		return ration.ErrClockSuspect
	}
	raises, err := usageRaises(ctx, t, ids, days, now)
	if err != nil {
		return err
	}
	units, err := sqladmin.UnitsOf(ctx, changer{reader{t}, t}, admin.MetersOf(days))
	if err != nil {
		return err
	}
	since, err := sqladmin.ReadHistorySince(ctx, reader{t})
	if err != nil {
		return err
	}
	var rows raiseRows
	for i := range raises {
		raises[i].Units, raises[i].Since = units, since
		switch err := raise(&raises[i]); {
		case errors.Is(err, admin.ErrUnchanged):
			continue
		case err != nil:
			return err
		}
		rows.add(&raises[i])
	}
	if len(rows.audit.ids) == 0 {
		return admin.ErrUnchanged
	}
	return t.run(ctx, rows.batch(now))
}

// daysToRaiseSQL uses the primary key of usage_days.
const daysToRaiseSQL = `
SELECT u.api_key_id, u.meter, u.date, u.used, u.denied, u.last_request_at
FROM unnest($1::uuid[], $2::text[], $3::date[]) AS d (api_key_id, meter, date)
JOIN usage_days u ON u.api_key_id = d.api_key_id AND u.meter = d.meter AND u.date = d.date`

// usageRaises reads what keys have used, all of which are locked. The primary
// keys serve it.
func usageRaises(ctx context.Context, q querier, ids []ration.KeyID, days []admin.DayKey, now time.Time) ([]admin.UsageRaise, error) {
	raises := make([]admin.UsageRaise, len(ids))
	byID := make(map[ration.KeyID]*admin.UsageRaise, len(ids))
	for i, id := range ids {
		raises[i] = admin.UsageRaise{Now: now, KeyID: id, Days: map[admin.DayKey]admin.MeterDay{}}
		byID[id] = &raises[i]
	}
	keys := uuids(ids)
	err := query(ctx, q, periodZonesSQL, func(r *row) { byID[r.uuid()].TimeZone = r.text() }, keys)
	if err != nil {
		return nil, err
	}
	err = query(ctx, q, usageToRepairSQL, func(r *row) {
		id, usage := r.usage()
		byID[id].Usage = append(byID[id].Usage, usage)
	}, keys)
	if err != nil {
		return nil, err
	}
	var asked dayColumns
	for _, day := range days {
		asked.add(day.KeyID, day.Meter, day.Date)
	}
	err = query(ctx, q, daysToRaiseSQL, func(r *row) {
		key := admin.DayKey{KeyID: r.uuid(), Meter: r.meter(), Date: r.date()}
		byID[key.KeyID].Days[key] = admin.MeterDay{Date: key.Date, Used: r.int(), Denied: r.int(), LastRequestAt: r.time()}
	}, asked.keys, asked.meters, asked.dates)
	return raises, err
}

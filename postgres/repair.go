package postgres

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// keysAheadSQL walks the primary key of key_usage, and looks at the end of each
// key's history by that of usage_days.
const keysAheadSQL = `
SELECT api_key_id, greatest(hour_label, counted_hour) > $1 OR EXISTS (
    SELECT FROM usage_days d
    WHERE d.api_key_id = k.api_key_id AND d.meter = '` + ration.MeterRequests + `' AND d.date > $2)
FROM key_usage k
WHERE api_key_id > $3 AND meter = '` + ration.MeterRequests + `'
ORDER BY api_key_id
LIMIT $4`

// KeysAhead implements admin.Maintenance.
func (s *Store) KeysAhead(ctx context.Context, after ration.KeyID, look int) (ahead admin.KeysAhead, err error) {
	err = s.read(ctx, "looking for usage from the future", func(ctx context.Context, q querier) error {
		ahead = admin.KeysAhead{}
		if ahead.Now, err = storeTime(ctx, q); err != nil {
			return err
		}
		hour, date := admin.LatestPeriods(ahead.Now)
		looked := 0
		err := query(ctx, q, keysAheadSQL, func(r *row) {
			looked++
			ahead.Last = r.uuid()
			if r.bool() {
				ahead.IDs = append(ahead.IDs, ahead.Last)
			}
		}, hour.Hour(), date.Date(), [16]byte(after), look)
		if looked < look {
			ahead.Last = ration.KeyID{}
		}
		return err
	})
	return ahead, err
}

// RepairUsage implements admin.Maintenance.
func (s *Store) RepairUsage(ctx context.Context, ids []ration.KeyID, repair func(*admin.UsageRepair) error) error {
	ids, err := admin.LockOrder(ids)
	if err != nil {
		return err
	}
	return s.write(ctx, "repairing usage", func(ctx context.Context, t tx) error {
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
		repairs, err := usageRepairs(ctx, t, ids, now)
		if err != nil {
			return err
		}
		var rows repairRows
		for i := range repairs {
			switch err := repair(&repairs[i]); {
			case errors.Is(err, admin.ErrUnchanged):
				continue
			case err != nil:
				return err
			}
			rows.add(&repairs[i])
		}
		if len(rows.keys) == 0 {
			return admin.ErrUnchanged
		}
		return t.run(ctx, rows.batch(now))
	})
}

const (
	periodZonesSQL = `
SELECT k.id, coalesce(nullif(k.time_zone, ''), p.time_zone, '')
FROM api_keys k LEFT JOIN plans p ON p.name = k.plan
WHERE k.id = ANY($1::uuid[])`

	usageToRepairSQL = `SELECT ` + usageColumns + ` FROM key_usage WHERE api_key_id = ANY($1::uuid[])`

	historyToRepairSQL = `
SELECT api_key_id, meter, date, used, denied, last_request_at, given_back, refunds
FROM usage_days
WHERE api_key_id = ANY($1::uuid[]) AND date >= $2
ORDER BY date`

	// hoursToRepairSQL uses the primary key of usage_hours.
	hoursToRepairSQL = `
SELECT api_key_id, meter, hour, used, given_back, denied
FROM usage_hours
WHERE api_key_id = ANY($1::uuid[]) AND hour >= $2`

	// refundsToRepairSQL uses the primary key of refunds.
	refundsToRepairSQL = `
SELECT api_key_id, meter, period, label, units
FROM refunds
WHERE api_key_id = ANY($1::uuid[]) AND period <> 'lifetime'`

	// openToRepairSQL uses the index reservations_key_due.
	openToRepairSQL = `SELECT ` + reservationColumns + ` FROM reservations WHERE api_key_id = ANY($1::uuid[]) AND state = 'open'`
)

// usageRepairs reads what keys have used and reserved, all of which are locked. The
// primary keys serve it, but for what is reserved.
func usageRepairs(ctx context.Context, q querier, ids []ration.KeyID, now time.Time) ([]admin.UsageRepair, error) {
	repairs := make([]admin.UsageRepair, len(ids))
	byID := make(map[ration.KeyID]*admin.UsageRepair, len(ids))
	for i, id := range ids {
		repairs[i] = admin.UsageRepair{Now: now, KeyID: id}
		byID[id] = &repairs[i]
	}
	keys := uuids(ids)
	err := query(ctx, q, periodZonesSQL, func(r *row) { byID[r.uuid()].TimeZone = r.text() }, keys)
	if err != nil {
		return nil, err
	}
	err = query(ctx, q, usageToRepairSQL, func(r *row) {
		id, usage := r.usage()
		byID[id].Meters = append(byID[id].Meters, admin.MeterRecord{MeterUsage: usage})
	}, keys)
	if err != nil {
		return nil, err
	}
	for i := range repairs {
		slices.SortFunc(repairs[i].Meters, func(a, b admin.MeterRecord) int { return ration.CompareMeters(a.Meter, b.Meter) })
	}
	err = query(ctx, q, openToRepairSQL, func(r *row) {
		open := r.reservation()
		byID[open.KeyID].Open = append(byID[open.KeyID].Open, open)
	}, keys)
	if err != nil {
		return nil, err
	}
	err = query(ctx, q, refundsToRepairSQL, func(r *row) {
		meters, refunded := byID[r.uuid()].Meters, r.periodRefunds()
		if i := slices.IndexFunc(meters, func(m admin.MeterRecord) bool { return m.Meter == refunded.Meter }); i >= 0 {
			meters[i].Refunded = append(meters[i].Refunded, refunded)
		}
	}, keys)
	if err != nil {
		return nil, err
	}
	err = query(ctx, q, hoursToRepairSQL, func(r *row) {
		meters, meter := byID[r.uuid()].Meters, r.meter()
		count := r.hourCount()
		if i := slices.IndexFunc(meters, func(m admin.MeterRecord) bool { return m.Meter == meter }); i >= 0 {
			meters[i].Hours = append(meters[i].Hours, count)
		}
	}, keys, ration.HourID(now).Hour())
	if err != nil {
		return nil, err
	}
	err = query(ctx, q, historyToRepairSQL, func(r *row) {
		meters, meter := byID[r.uuid()].Meters, r.meter()
		day := admin.MeterDay{Date: r.date(), Used: r.int(), Denied: r.int(), LastRequestAt: r.time(), GivenBack: r.int(), Refunds: r.int()}
		if i := slices.IndexFunc(meters, func(m admin.MeterRecord) bool { return m.Meter == meter }); i >= 0 {
			meters[i].Days = append(meters[i].Days, day)
		}
	}, keys, admin.RepairFrom(now).Date())
	return repairs, err
}

package sqladmin

import (
	"context"
	"errors"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

// keyLeases is served by the primary key.
const keyLeases = "SELECT api_key_id, id, meter, expires_at FROM leases WHERE api_key_id IN (?)"

// Standings implements admin.Usage. It walks the primary key of api_keys, so that it
// looks at a bounded number of rows whatever the status of keys is; the primary keys of
// the other tables serve the rest.
func (s *Store) Standings(ctx context.Context, after ration.KeyID, look int) (found admin.Standings, err error) {
	err = s.db.Read(ctx, "looking at the usage of keys", func(ctx context.Context, r Reader) error {
		found = admin.Standings{Plans: make(map[string]ration.Plan)}
		if found.Now, err = r.Now(ctx); err != nil {
			return err
		}
		if err := readActive(ctx, r, after, look, &found); err != nil || len(found.Keys) == 0 {
			return err
		}
		ids, byID := make([]ration.KeyID, len(found.Keys)), make(map[ration.KeyID]*admin.KeyRecord, len(found.Keys))
		for i := range found.Keys {
			ids[i] = found.Keys[i].ID
			byID[ids[i]] = &found.Keys[i].KeyRecord
		}
		if err := readOverrides(ctx, r, byID, ids); err != nil {
			return err
		}
		if err := readPlansOf(ctx, r, &found); err != nil {
			return err
		}
		return readUsageOf(ctx, r, &found, ids)
	})
	return found, err
}

// readActive reads the active ones of the next keys.
func readActive(ctx context.Context, r Reader, after ration.KeyID, look int, found *admin.Standings) error {
	var where Where
	if !after.IsZero() {
		where.And("id > ?", after)
	}
	looked, last := 0, ration.KeyID{}
	err := r.Query(ctx, "SELECT "+keyColumns+" FROM api_keys"+where.SQL()+" ORDER BY id LIMIT ?", func(row Row) {
		key := readKey(row)
		looked, last = looked+1, key.ID
		if key.Status == ration.StatusActive {
			found.Keys = append(found.Keys, admin.Standing{KeyRecord: admin.KeyRecord{Key: key}})
		}
	}, where.With(Limit(look))...)
	if looked == look {
		found.Last = last
	}
	return err
}

// readPlansOf reads each plan of the keys once.
func readPlansOf(ctx context.Context, r Reader, found *admin.Standings) error {
	read := admin.ReadOnce(func(name string) (ration.Plan, error) {
		plan, err := readPlan(ctx, r, name)
		if err == nil {
			found.Plans[name] = plan
		}
		return plan, err
	})
	for i := range found.Keys {
		for _, name := range []string{found.Keys[i].Plan, found.Keys[i].NextPlan} {
			if name == "" {
				continue
			}
			if _, err := read(name); err != nil && !errors.Is(err, ration.ErrNotFound) {
				return err
			}
		}
	}
	return nil
}

// readUsageOf reads what keys have used, and what of it is in flight.
func readUsageOf(ctx context.Context, r Reader, found *admin.Standings, ids []ration.KeyID) error {
	usage, err := r.Usage(ctx, ids)
	if err != nil {
		return err
	}
	leases := make(map[ration.KeyID][]ledger.SlotLease)
	err = r.Query(ctx, keyLeases, func(row Row) {
		id := ration.KeyID(row.ID())
		leases[id] = append(leases[id], ledger.SlotLease{ID: row.ID(), Meter: row.Text(), ExpiresAt: row.Time()})
	}, ids)
	for i := range found.Keys {
		key := &found.Keys[i]
		key.Usage = usage[key.ID]
		ledger.CountLeases(key.Usage, leases[key.ID], ledger.Clock{Now: found.Now})
	}
	return err
}

package faults

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration"
)

// Account compares what a key's callers were answered with what was recorded, in
// requests.
type Account struct {
	Key                       string
	Limit                     int64 // 0: none
	Admitted, Denied, Unknown int64 // as the callers know; Denied in calls of one request
	Used, UsedDays, UsedHours int64 // as recorded, in all and summed over the days and over the hours
	DeniedRecorded            int64
}

// violations says what of the promises was not kept.
func (a Account) violations() []string {
	var found []string
	if a.Admitted > a.Used {
		found = append(found, fmt.Sprintf("key %s: %d admitted but only %d recorded", a.Key, a.Admitted, a.Used))
	}
	if a.Used > a.Admitted+a.Unknown {
		found = append(found, fmt.Sprintf("key %s: %d recorded but only %d admitted and %d unknown", a.Key, a.Used, a.Admitted, a.Unknown))
	}
	if a.Limit > 0 && a.Used > a.Limit {
		found = append(found, fmt.Sprintf("key %s: %d recorded over its limit of %d", a.Key, a.Used, a.Limit))
	}
	if a.Used != a.UsedDays {
		found = append(found, fmt.Sprintf("key %s: %d recorded, but its days sum to %d", a.Key, a.Used, a.UsedDays))
	}
	if a.Used != a.UsedHours {
		found = append(found, fmt.Sprintf("key %s: %d recorded, but its hours sum to %d", a.Key, a.Used, a.UsedHours))
	}
	if a.Denied > a.DeniedRecorded || a.DeniedRecorded > a.Denied+a.Unknown {
		found = append(found, fmt.Sprintf("key %s: %d denials recorded, but %d denied and %d unknown", a.Key, a.DeniedRecorded, a.Denied, a.Unknown))
	}
	return found
}

// recordedSQL reads what is kept of a key, past everything that Ration reads with.
const recordedSQL = `
SELECT u.api_key_id, u.used, u.denied,
       (SELECT coalesce(sum(d.used), 0)::bigint FROM usage_days d WHERE d.api_key_id = u.api_key_id AND d.meter = u.meter),
       (SELECT coalesce(sum(h.used), 0)::bigint FROM hourly_usage h WHERE h.api_key_id = u.api_key_id AND h.meter = u.meter)
FROM key_usage u WHERE u.meter = 'requests'`

// accounts reads what was recorded of all keys.
func (r *Rig) accounts(ctx context.Context) ([]Account, error) {
	conn, err := r.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, recordedSQL)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	recorded := make(map[ration.KeyID]Account)
	for rows.Next() {
		var id [16]byte
		var a Account
		if err := rows.Scan(&id, &a.Used, &a.DeniedRecorded, &a.UsedDays, &a.UsedHours); err != nil {
			return nil, err
		}
		recorded[ration.KeyID(id)] = a
	}
	var all []Account
	for _, s := range r.subjects() {
		a, units := recorded[s.id], s.answered()
		a.Key, a.Limit = s.id.String(), s.limit
		a.Admitted, a.Denied, a.Unknown = units[admitted], units[denied], units[unknown]
		all = append(all, a)
	}
	return all, rows.Err()
}

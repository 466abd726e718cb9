package adminclient

import (
	"net/netip"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

func readKey(k api.KeyRecord) (record admin.KeyRecord, err error) {
	record.Key = ration.Key{
		Name: k.Name, Owner: k.Owner, Plan: k.Plan, NextPlan: k.NextPlan, NextPlanAt: orZero(k.NextPlanAt), Status: ration.Status(k.Status), ExpiresAt: orZero(k.ExpiresAt), Scopes: k.Scopes,
		TimeZone: k.TimeZone, Metadata: k.Metadata, Unlimited: k.Unlimited, CreatedAt: k.CreatedAt, UpdatedAt: k.UpdatedAt,
	}
	if record.ID, err = ration.ParseKeyID(k.ID); err != nil {
		return record, err
	}
	if record.AllowedIPs, err = all(k.AllowedIPs, netip.ParsePrefix); err != nil {
		return record, err
	}
	if record.Secrets, err = all(k.Secrets, readSecret); err != nil {
		return record, err
	}
	record.Overrides, err = all(k.Overrides, func(o api.Override) (ration.Override, error) {
		limit, err := readLimit(o.PlanLimit)
		return ration.Override{Limit: limit, Unlimited: o.Unlimited, ExpiresAt: orZero(o.ExpiresAt), StartsAt: orZero(o.StartsAt), Removed: o.Removed}, err
	})
	if k.NoLimit != nil {
		record.NoLimit = &admin.NoLimit{From: orZero(k.NoLimit.StartsAt), Until: orZero(k.NoLimit.EndsAt), Marked: k.NoLimit.Marked}
	}
	if k.Today != nil {
		record.Today = &admin.Today{Used: k.Today.Used, Reserved: k.Today.Reserved, Limit: k.Today.Limit}
	}
	return record, err
}

func readSecret(s api.Secret) (ration.SecretState, error) {
	id, err := ration.ParseSecretID(s.ID)
	return ration.SecretState{
		ID: id, Label: s.Label, Start: s.Start, End: s.End, CreatedAt: s.CreatedAt,
		ExpiresAt: orZero(s.ExpiresAt), RevokedAt: orZero(s.RevokedAt), LastUsedAt: orZero(s.LastUsedAt),
	}, err
}

func readLimit(l api.PlanLimit) (ration.Limit, error) {
	counts, unit, err := units(l.Quantity, l.Burst)
	if err != nil {
		return ration.Limit{}, err
	}
	return ration.Limit{Name: l.Name, Meter: l.Meter, Kind: ration.Kind(l.Kind), Quantity: counts[0], Period: ration.Period(l.Period), Burst: counts[1], Unit: unit}, nil
}

func readIssuedSecret(issued api.IssuedSecret) (read admin.IssuedSecret, err error) {
	if read.Key, err = readKey(issued.Key); err != nil {
		return read, err
	}
	if issued.Pickup != nil {
		read.Pickup = new(admin.IssuedPickup)
		*read.Pickup, err = readPickup(*issued.Pickup)
		return read, err
	}
	read.Secret = ration.SecretFromText(issued.Secret)
	read.SecretID, err = ration.ParseSecretID(issued.SecretID)
	return read, err
}

func readKeyStatus(s api.KeyStatus) (status admin.KeyStatus, err error) {
	if status.KeyRecord, err = readKey(s.KeyRecord); err != nil {
		return status, err
	}
	status.At, status.PeriodZone = s.At, s.PeriodZone
	if status.Limits, err = all(s.Limits, readKeyLimit); err != nil {
		return status, err
	}
	status.Usage, err = all(s.Usage, readMeterUsage)
	return status, err
}

func readMeterUsage(u api.KeyUsage) (admin.MeterUsage, error) {
	counts, unit, err := units(u.Used, u.Reserved, u.Hour, u.Day, u.Week, u.Month)
	if err != nil {
		return admin.MeterUsage{}, err
	}
	return admin.MeterUsage{
		Meter: u.Meter, Unit: unit, Used: counts[0], Reserved: counts[1], Denied: u.Denied, Hour: counts[2], Day: counts[3], Week: counts[4], Month: counts[5],
		FirstRequestAt: orZero(u.FirstRequestAt), LastRequestAt: orZero(u.LastRequestAt),
	}, nil
}

func readKeyLimit(l api.KeyLimit) (ration.LimitStatus, error) {
	limit, err := readLimit(l.PlanLimit)
	if err != nil {
		return ration.LimitStatus{}, err
	}
	counts, unit, err := units(l.Quantity, l.Burst, l.Used, l.Reserved, l.Remaining)
	if err != nil {
		return ration.LimitStatus{}, err
	}
	limit.Quantity, limit.Burst, limit.Unit = counts[0], counts[1], unit
	return ration.LimitStatus{Limit: limit, Used: counts[2], Reserved: counts[3], Remaining: counts[4], ResetsAt: orZero(l.ResetsAt)}, nil
}

func readUnlimitedKeys(found api.UnlimitedKeys) (admin.UnlimitedKeys, error) {
	first, err := all(found.First, ration.ParseKeyID)
	return admin.UnlimitedKeys{Count: found.Count, First: first}, err
}

func readKeyReset(done api.KeyReset) (admin.KeyResetDone, error) {
	id, err := ration.ParseKeyID(done.Key)
	read := admin.KeyResetDone{KeyID: id, At: done.At}
	if err != nil {
		return read, err
	}
	read.Limits, err = all(done.Limits, readLimitReset)
	return read, err
}

func readLimitReset(l api.LimitReset) (admin.LimitReset, error) {
	now, err := readKeyLimit(l.KeyLimit)
	if err != nil {
		return admin.LimitReset{}, err
	}
	counts, unit, err := units(l.Quantity, l.Burst, l.Used, l.Reserved, l.Remaining, l.UsedBefore, l.ReservedBefore)
	if err != nil {
		return admin.LimitReset{}, err
	}
	now.Quantity, now.Burst, now.Used, now.Reserved, now.Remaining, now.Unit = counts[0], counts[1], counts[2], counts[3], counts[4], unit
	return admin.LimitReset{Used: counts[5], Reserved: counts[6], Now: now, Override: l.Override}, nil
}

func readKeysChanged(changed api.KeysChangedChunk) (read admin.KeysChanged, err error) {
	read = admin.KeysChanged{Changed: changed.Changed, Unchanged: changed.Unchanged, NoLimit: changed.NoLimit, Skipped: make(map[ration.Status]int)}
	for status, count := range changed.Skipped {
		read.Skipped[ration.Status(status)] = count
	}
	read.Next, err = readCursor(changed.NextCursor)
	return read, err
}

func readKeysImported(imported api.KeysImported) (admin.KeysImported, error) {
	return admin.KeysImported{Created: imported.Created, Present: imported.Present, NoLimit: imported.NoLimit}, nil
}

func readUsageImported(imported api.UsageImported) (admin.UsageImported, error) {
	added, err := amount("", imported.UnitsAdded)
	return admin.UsageImported{Rows: imported.Rows, Raised: imported.DaysRaised, Added: added.Units, Unit: added.Unit}, err
}

func readKeysFound(found api.KeysFound) ([]ration.KeyID, error) {
	return all(found.Keys, func(id *string) (ration.KeyID, error) {
		if id == nil {
			return ration.KeyID{}, nil
		}
		return ration.ParseKeyID(*id)
	})
}

// all reads a list; an empty one is nil, as from a store.
func all[From, To any](items []From, read func(From) (To, error)) ([]To, error) {
	var values []To
	for _, item := range items {
		value, err := read(item)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

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
		return ration.Override{Limit: readLimit(o.PlanLimit), Unlimited: o.Unlimited, ExpiresAt: orZero(o.ExpiresAt), StartsAt: orZero(o.StartsAt), Removed: o.Removed}, nil
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

func readLimit(l api.PlanLimit) ration.Limit {
	return ration.Limit{Name: l.Name, Meter: l.Meter, Kind: ration.Kind(l.Kind), Quantity: l.Quantity, Period: ration.Period(l.Period), Burst: l.Burst}
}

func readIssuedSecret(issued api.IssuedSecret) (read admin.IssuedSecret, err error) {
	if read.Key, err = readKey(issued.Key); err != nil {
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
	for i := range s.Limits {
		status.Limits = append(status.Limits, readKeyLimit(s.Limits[i]))
	}
	for _, u := range s.Usage {
		status.Usage = append(status.Usage, admin.MeterUsage{
			Meter: u.Meter, Used: u.Used, Reserved: u.Reserved, Denied: u.Denied, Hour: u.Hour, Day: u.Day, Week: u.Week, Month: u.Month,
			FirstRequestAt: orZero(u.FirstRequestAt), LastRequestAt: orZero(u.LastRequestAt),
		})
	}
	return status, nil
}

func readKeyLimit(l api.KeyLimit) ration.LimitStatus {
	return ration.LimitStatus{Limit: readLimit(l.PlanLimit), Used: l.Used, Reserved: l.Reserved, Remaining: l.Remaining, ResetsAt: orZero(l.ResetsAt)}
}

func readUnlimitedKeys(found api.UnlimitedKeys) (admin.UnlimitedKeys, error) {
	first, err := all(found.First, ration.ParseKeyID)
	return admin.UnlimitedKeys{Count: found.Count, First: first}, err
}

func readKeyReset(done api.KeyReset) (admin.KeyResetDone, error) {
	id, err := ration.ParseKeyID(done.Key)
	read := admin.KeyResetDone{KeyID: id, At: done.At}
	for _, l := range done.Limits {
		read.Limits = append(read.Limits, admin.LimitReset{Used: l.UsedBefore, Reserved: l.ReservedBefore, Now: readKeyLimit(l.KeyLimit), Override: l.Override})
	}
	return read, err
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
	return admin.UsageImported{Rows: imported.Rows, Raised: imported.DaysRaised, Added: imported.UnitsAdded}, nil
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

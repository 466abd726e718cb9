package wire

import (
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// Key returns a key as it stands at an instant.
func Key(record admin.KeyRecord, at time.Time) api.KeyRecord {
	key := api.KeyRecord{
		ID: record.ID.String(), Name: record.Name, Owner: record.Owner, Plan: record.Plan, NextPlan: record.NextPlan, NextPlanAt: instant(record.NextPlanAt),
		Status: string(record.Status), Expired: record.ExpiredAt(at),
		ExpiresAt: instant(record.ExpiresAt), Scopes: list(record.Scopes), AllowedIPs: []string{},
		TimeZone: record.TimeZone, Metadata: record.Metadata, Unlimited: record.Unlimited, NoLimit: NoLimit(record.NoLimit),
		CreatedAt: record.CreatedAt.UTC(), UpdatedAt: record.UpdatedAt.UTC(),
		Overrides: convert(record.Overrides, override), Secrets: convert(record.Secrets, secret),
	}
	if today := record.Today; today != nil {
		key.Today = &api.Today{Used: today.Used, Reserved: today.Reserved, Limit: today.Limit}
	}
	for _, prefix := range record.AllowedIPs {
		key.AllowedIPs = append(key.AllowedIPs, prefix.String())
	}
	if key.Metadata == nil {
		key.Metadata = map[string]string{}
	}
	return key
}

// Keys returns keys as they stand at an instant.
func Keys(records []admin.KeyRecord, at time.Time) []api.KeyRecord {
	return convert(records, func(record admin.KeyRecord) api.KeyRecord { return Key(record, at) })
}

// KeyStatus returns a key with its limits and usage.
func KeyStatus(status admin.KeyStatus) api.KeyStatus {
	own := func(limit ration.LimitStatus) bool {
		_, found := ration.OverrideAt(status.Overrides, limit.Key(), status.At)
		return found
	}
	return api.KeyStatus{
		KeyRecord: Key(status.KeyRecord, status.At), At: status.At.UTC(), PeriodZone: status.PeriodZone,
		Limits: convert(status.Limits, func(limit ration.LimitStatus) api.KeyLimit { return keyLimit(limit, own(limit)) }),
		Usage:  convert(status.Usage, meterUsage),
	}
}

// KeyReset returns what became of a reset.
func KeyReset(done admin.KeyResetDone, dryRun bool) api.KeyReset {
	return api.KeyReset{
		DryRun: dryRun, Key: done.KeyID.String(), At: done.At.UTC(),
		Limits: convert(done.Limits, func(l admin.LimitReset) api.LimitReset {
			return api.LimitReset{KeyLimit: keyLimit(l.Now, l.Override), UsedBefore: number(l.Now.Unit, l.Used), ReservedBefore: number(l.Now.Unit, l.Reserved)}
		}),
	}
}

func keyLimit(limit ration.LimitStatus, own bool) api.KeyLimit {
	return api.KeyLimit{
		PlanLimit: Limit(limit.Limit), Override: own,
		Used: number(limit.Unit, limit.Used), Reserved: number(limit.Unit, limit.Reserved), Remaining: number(limit.Unit, limit.Remaining), ResetsAt: instant(limit.ResetsAt),
	}
}

// IssuedSecret returns a key with its new secret in plain text, or a link to pick it up.
func IssuedSecret(issued admin.IssuedSecret) api.IssuedSecret {
	if issued.Pickup != nil {
		return api.IssuedSecret{Key: Key(issued.Key, issued.Key.UpdatedAt), Pickup: new(Pickup(*issued.Pickup))}
	}
	return api.IssuedSecret{
		Key: Key(issued.Key, issued.Key.UpdatedAt), SecretID: issued.SecretID.String(), Secret: issued.Secret.Reveal(),
	}
}

// NoLimit returns when a key has no limit, nil if it always has one.
func NoLimit(found *admin.NoLimit) *api.NoLimit {
	if found == nil {
		return nil
	}
	return &api.NoLimit{StartsAt: instant(found.From), EndsAt: instant(found.Until), Marked: found.Marked}
}

// KeysChanged returns what became of many keys.
func KeysChanged(changed admin.KeysChanged, dryRun bool) api.KeysChanged {
	wire := api.KeysChanged{DryRun: dryRun, Changed: changed.Changed, Unchanged: changed.Unchanged, Skipped: map[string]int{}, NoLimit: changed.NoLimit}
	for status, count := range changed.Skipped {
		wire.Skipped[string(status)] = count
	}
	return wire
}

// KeysImported returns what became of imported keys.
func KeysImported(imported admin.KeysImported, dryRun bool) api.KeysImported {
	return api.KeysImported{DryRun: dryRun, Created: imported.Created, Present: imported.Present, NoLimit: imported.NoLimit}
}

// UsageImported returns what became of imported counts.
func UsageImported(imported admin.UsageImported, dryRun bool) api.UsageImported {
	return api.UsageImported{DryRun: dryRun, Rows: imported.Rows, DaysRaised: imported.Raised, UnitsAdded: number(imported.Unit, imported.Added)}
}

func secret(state ration.SecretState) api.Secret {
	return api.Secret{
		ID: state.ID.String(), Label: state.Label, Start: state.Start, End: state.End, CreatedAt: state.CreatedAt.UTC(),
		ExpiresAt: instant(state.ExpiresAt), RevokedAt: instant(state.RevokedAt), LastUsedAt: instant(state.LastUsedAt),
	}
}

func override(o ration.Override) api.Override {
	return api.Override{PlanLimit: Limit(o.Limit), Unlimited: o.Unlimited, ExpiresAt: instant(o.ExpiresAt), StartsAt: instant(o.StartsAt), Removed: o.Removed}
}

func meterUsage(usage admin.MeterUsage) api.KeyUsage {
	return api.KeyUsage{
		Meter: usage.Meter, Used: number(usage.Unit, usage.Used), Reserved: number(usage.Unit, usage.Reserved), Denied: usage.Denied,
		Hour: number(usage.Unit, usage.Hour), Day: number(usage.Unit, usage.Day), Week: number(usage.Unit, usage.Week), Month: number(usage.Unit, usage.Month),
		FirstRequestAt: instant(usage.FirstRequestAt), LastRequestAt: instant(usage.LastRequestAt),
	}
}

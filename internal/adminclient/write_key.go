package adminclient

import (
	"cmp"
	"encoding/hex"
	"math"
	"net/netip"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/client"
	"github.com/ration-dev/ration/internal/admin"
)

func newKey(k admin.NewKey) api.NewKey {
	return api.NewKey{
		Name: k.Name, Owner: k.Owner, Plan: k.Plan, ExpiresAt: orNil(k.ExpiresAt), Scopes: k.Scopes, AllowedIPs: prefixTexts(k.AllowedIPs),
		TimeZone: k.TimeZone, Metadata: k.Metadata, Limits: newOverrides(k.Overrides), Label: k.Label, Unlimited: k.Unlimited,
		Pickup: k.Pickup, PickupUntil: orNil(k.PickupUntil),
	}
}

func keyPatch(p *admin.KeyPatch) api.KeyPatch {
	patch := api.KeyPatch{
		Name: p.Name, Owner: p.Owner, Plan: p.Plan, ExpiresAt: p.ExpiresAt, Scopes: p.Scopes, AllowedIPs: prefixTexts(p.AllowedIPs),
		TimeZone: p.TimeZone, Metadata: p.Metadata, SetLimits: newOverrides(p.SetOverrides), Unlimited: p.Unlimited, FromNextPeriod: p.FromNextPeriod,
		ClearLimits: limitKeyTexts(p.ClearOverrides), ClearTemporaryLimits: limitKeyTexts(p.ClearTemporary), ClearLastingLimits: limitKeyTexts(p.ClearLasting),
	}
	return patch
}

func keyFilter(f admin.KeyFilter) api.KeyFilter {
	return api.KeyFilter{Owner: f.Owner, Plan: f.Plan, Status: string(f.Status), Name: f.Name, Unlimited: string(f.Unlimited)}
}

func keyQuery(f admin.KeyFilter) client.KeyQuery {
	query := client.KeyQuery{KeyFilter: keyFilter(f), SecretStart: f.SecretStart, Search: f.Search, Today: f.WithToday, Sort: string(f.Sort)}
	if f.Descending {
		query.Sort = "-" + cmp.Or(query.Sort, "created_at")
	}
	return query
}

func newOverrides(overrides []ration.Override) []api.NewOverride {
	return each(overrides, func(o ration.Override) api.NewOverride {
		return api.NewOverride{Limit: admin.FormatOverride(o), ExpiresAt: orNil(o.ExpiresAt)}
	})
}

func prefixTexts(prefixes []netip.Prefix) []string { return each(prefixes, netip.Prefix.String) }

func limitTexts(limits []ration.Limit) []string { return each(limits, ration.Limit.String) }

func limitKeyTexts(keys []ration.LimitKey) []string { return each(keys, admin.FormatLimitKey) }

func keysImport(keys admin.KeysImport) api.KeysImport {
	return api.KeysImport{Before: keys.Before, DryRun: keys.DryRun, Keys: each(keys.Keys, importedKey)}
}

func importedKey(k admin.ImportedKey) api.ImportedKey {
	key := api.ImportedKey{
		Name: k.Name, Owner: k.Owner, Plan: k.Plan, Status: string(k.Status), Scopes: k.Scopes, CreatedAt: orNil(k.CreatedAt),
		Secret: k.Secret.Reveal(), Unlimited: k.Unlimited,
	}
	if k.Digest != (ration.Digest{}) {
		key.SHA256 = hex.EncodeToString(k.Digest[:])
	}
	return key
}

func usageImport(usage admin.UsageImport) api.UsageImport {
	return api.UsageImport{DryRun: usage.DryRun, Days: each(usage.Days, func(d admin.ImportedDay) api.ImportedDay {
		return api.ImportedDay{Row: d.Row, Key: d.KeyID.String(), Meter: d.Meter, Date: date(d.Date), Used: api.Number(d.Unit.Text(d.Used)), LastRequestAt: orNil(d.LastRequestAt)}
	})}
}

func newPlan(p admin.NewPlan) api.NewPlan {
	return api.NewPlan{Name: p.Name, TimeZone: p.TimeZone, Limits: limitTexts(p.Limits), Unlimited: p.Unlimited}
}

func planPatch(p *admin.PlanPatch) api.PlanPatch {
	return api.PlanPatch{TimeZone: p.TimeZone, Unlimited: p.Unlimited, SetLimits: limitTexts(p.SetLimits), RemoveLimits: limitKeyTexts(p.RemoveLimits), FromNextPeriod: p.FromNextPeriod}
}

func newToken(t admin.NewToken) api.NewToken {
	return api.NewToken{Name: t.Name, Scopes: t.Scopes, Owners: t.Owners, Plans: t.Plans, ExpiresAt: orNil(t.ExpiresAt)}
}

// each converts a list; nil stays nil, which an empty list isn't.
func each[From, To any](items []From, one func(From) To) []To {
	if items == nil {
		return nil
	}
	converted := make([]To, len(items))
	for i, item := range items {
		converted[i] = one(item)
	}
	return converted
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// wholeSeconds rounds up: what is asked to last must not end early.
func wholeSeconds(d time.Duration) int64 { return int64(math.Ceil(d.Seconds())) }

package sheet

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
)

// Keys are the columns of keys.
var Keys = Table[api.KeyRecord]{
	{Name: "id", Cell: func(k *api.KeyRecord) string { return k.ID }},
	{Name: "name", Cell: func(k *api.KeyRecord) string { return k.Name }},
	{Name: "owner", Cell: func(k *api.KeyRecord) string { return k.Owner }},
	{Name: "plan", Cell: Plan},
	{Name: "status", Cell: Status},
	{Name: "expires_at", Cell: func(k *api.KeyRecord) string { return Instant(k.ExpiresAt) }},
	{Name: "scopes", Wide: true, Cell: func(k *api.KeyRecord) string { return strings.Join(k.Scopes, " ") }},
	{Name: "allowed_ips", Wide: true, Cell: func(k *api.KeyRecord) string { return strings.Join(k.AllowedIPs, " ") }},
	{Name: "time_zone", Wide: true, Cell: func(k *api.KeyRecord) string { return k.TimeZone }},
	{Name: "secrets", Wide: true, Cell: func(k *api.KeyRecord) string { return strconv.Itoa(len(k.Secrets)) }},
	{Name: "created_at", Cell: func(k *api.KeyRecord) string { return Instant(&k.CreatedAt) }},
	{Name: "updated_at", Wide: true, Cell: func(k *api.KeyRecord) string { return Instant(&k.UpdatedAt) }},
	{Name: "unlimited", Wide: true, Cell: func(k *api.KeyRecord) string { return Unlimited(k.NoLimit) }},
}

// KeysToday are the columns of keys with what they used today, before the times.
var KeysToday = slices.Insert(slices.Clone(Keys), 5, // after the status
	Column[api.KeyRecord]{Name: "used_today", Cell: func(k *api.KeyRecord) string {
		if k.Today == nil {
			return ""
		}
		return number(k.Today.Used)
	}},
	Column[api.KeyRecord]{Name: "day_limit", Cell: func(k *api.KeyRecord) string {
		if k.Today == nil || k.Today.Limit == nil {
			return ""
		}
		return number(*k.Today.Limit)
	}})

// Status says how a key stands, expired or not.
func Status(key *api.KeyRecord) string {
	if key.Expired && key.Status == string(ration.StatusActive) {
		return "expired"
	}
	return key.Status
}

// Plan says which plan a key has, and which it will have and from when on.
func Plan(key *api.KeyRecord) string {
	switch {
	case key.NextPlanAt == nil:
		return key.Plan
	case key.NextPlan == "":
		return key.Plan + " (none from " + Instant(key.NextPlanAt) + " on)"
	}
	return key.Plan + " (" + key.NextPlan + " from " + Instant(key.NextPlanAt) + " on)"
}

// Unlimited says that a key has no limit, and whether this is intended; nothing if it has
// one.
func Unlimited(found *api.NoLimit) string {
	switch {
	case found == nil:
		return ""
	case found.Marked:
		return "marked" + When(found)
	}
	return "unmarked" + When(found)
}

// When says when a key has no limit; nothing if that is now and for good.
func When(found *api.NoLimit) (text string) {
	if found.StartsAt != nil {
		text = " from " + Instant(found.StartsAt) + " on"
	}
	if found.EndsAt != nil {
		text += " until " + Instant(found.EndsAt)
	}
	return text
}

// Instant writes a time; nil is nothing.
func Instant(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

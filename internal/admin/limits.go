package admin

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ration-dev/ration"
)

// ParseOverride reads an override as people write it: a limit as
// [ration.ParseLimit] reads it, or "unlimited/day", "unlimited tokens/month",
// which lifts the plan's limit. It has no end.
func ParseOverride(text string) (ration.Override, error) {
	rest, unlimited := strings.CutPrefix(strings.TrimSpace(text), "unlimited")
	if !unlimited {
		limit, err := ration.ParseLimit(text)
		return ration.Override{Limit: limit}, err
	}
	limit, err := ration.ParseLimit("0" + rest)
	if err != nil || limit.Burst != 0 || rest[0] != '/' && rest[0] != ' ' {
		return ration.Override{}, &ration.InvalidError{Field: "limit", Value: text, Reason: `write "unlimited/day" or "unlimited tokens/month"`}
	}
	return ration.Override{Limit: limit, Unlimited: true}, nil
}

// ParseLimitKey reads what a limit limits: "day" and "requests/day" are
// requests per day, "tokens/month" tokens per month.
func ParseLimitKey(text string) (ration.LimitKey, error) {
	meter, period, found := strings.Cut(text, "/")
	if !found {
		meter, period = ration.MeterRequests, text
	}
	key := ration.LimitKey{Meter: meter, Kind: ration.KindOf(ration.Period(period)), Period: ration.Period(period)}
	if key.Kind == "" || ration.ValidateMeter(meter) != nil {
		return ration.LimitKey{}, &ration.InvalidError{Field: "limit", Value: text, Reason: `name a limit by its meter and period: "requests/day", "tokens/month" or, of requests, just "day"`}
	}
	return key, nil
}

func limitKeyText(key ration.LimitKey) string { return key.Meter + "/" + string(key.Period) }

// setOverrides puts overrides in the place of those for the same meter, kind
// and period.
func setOverrides(overrides, set []ration.Override, now time.Time) ([]ration.Override, error) {
	overrides = slices.Clone(overrides)
	named := make(map[ration.LimitKey]bool, len(set))
	for _, override := range set {
		override, err := override.Normalize()
		if err != nil {
			return nil, err
		}
		if err := validateEnd("until", override.ExpiresAt, now); err != nil {
			return nil, err
		}
		key := override.Key()
		if err := nameOnce(named, key); err != nil {
			return nil, err
		}
		override.ExpiresAt = toStored(override.ExpiresAt)
		overrides = slices.DeleteFunc(overrides, func(o ration.Override) bool { return o.Key() == key })
		if slices.ContainsFunc(overrides, func(o ration.Override) bool { return o.Name == override.Name }) {
			return nil, &ration.InvalidError{Field: "limits", Value: override.Name, Reason: "two limits of a key can't have one name"}
		}
		overrides = append(overrides, override)
	}
	if len(overrides) > maxLimits {
		return nil, &ration.InvalidError{Field: "limits", Reason: fmt.Sprintf("a key has at most %d limits of its own", maxLimits)}
	}
	return overrides, nil
}

// nameOnce refuses a second limit for one place in one change: which of them is
// meant nobody knows.
func nameOnce(named map[ration.LimitKey]bool, key ration.LimitKey) error {
	if named[key] {
		return &ration.InvalidError{Field: "limits", Value: limitKeyText(key), Reason: "name each limit once"}
	}
	named[key] = true
	return nil
}

// clearOverrides removes overrides. One that isn't there is an error: a slip
// must not pass for a change.
func clearOverrides(overrides []ration.Override, clear []ration.LimitKey) ([]ration.Override, error) {
	overrides = slices.Clone(overrides)
	for _, key := range clear {
		i := slices.IndexFunc(overrides, func(o ration.Override) bool { return o.Key() == key })
		if i < 0 {
			return nil, &ration.InvalidError{Field: "clear_limits", Value: limitKeyText(key), Reason: "the key has no such limit of its own; it has " + listOverrides(overrides)}
		}
		overrides = slices.Delete(overrides, i, i+1)
	}
	return overrides, nil
}

func listOverrides(overrides []ration.Override) string {
	if len(overrides) == 0 {
		return "none"
	}
	names := make([]string, len(overrides))
	for i, override := range overrides {
		names[i] = limitKeyText(override.Key())
	}
	return strings.Join(names, ", ")
}

// toStored gives a time as databases keep it: UTC, whole microseconds.
func toStored(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

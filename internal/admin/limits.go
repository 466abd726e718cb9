package admin

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/ration-dev/ration"
)

// ParseOverride reads an override as people write it: a limit in the form of
// [ration.ParseLimit], or "unlimited/day", "unlimited tokens/month", which lifts the
// plan's limit. The override has no end.
func ParseOverride(text string) (ration.Override, error) {
	rest, unlimited := strings.CutPrefix(strings.TrimSpace(text), "unlimited")
	if !unlimited {
		limit, err := ration.ParseLimit(text)
		return ration.Override{Limit: limit}, err
	}
	limit, err := ration.ParseLimit("0" + rest)
	if err != nil || limit.Burst != 0 || rest[0] != '/' && rest[0] != ' ' {
		return ration.Override{}, &ration.InvalidError{Field: "limit", Value: text, Reason: `write "unlimited/day", "unlimited tokens/month" or "unlimited at once"`}
	}
	return ration.Override{Limit: limit, Unlimited: true}, nil
}

// FormatOverride writes an override in the form that [ParseOverride] reads, without its
// end and a name of its own.
func FormatOverride(override ration.Override) string {
	text := override.String()
	if override.Unlimited {
		return "unlimited" + strings.TrimPrefix(text, "0")
	}
	return text
}

// ParseLimitKey reads the meter and period of a limit: "day" and "requests/day" mean
// requests per day, "tokens/month" means tokens per month. "at once" means requests at
// once, "exports at once" a meter of one's own.
func ParseLimitKey(text string) (ration.LimitKey, error) {
	if before, found := strings.CutSuffix(strings.TrimSpace(text), atOnce); found {
		meter := cmp.Or(strings.TrimSpace(before), ration.MeterRequests)
		if ration.ValidateMeter(meter) == nil && (before == "" || strings.HasSuffix(before, " ")) {
			return ration.LimitKey{Meter: meter, Kind: ration.KindConcurrent}, nil
		}
	}
	meter, period, found := strings.Cut(text, "/")
	if !found {
		meter, period = ration.MeterRequests, text
	}
	limit, err := ration.Limit{Meter: meter, Period: ration.Period(period)}.Normalize()
	if err != nil {
		return ration.LimitKey{}, &ration.InvalidError{Field: "limit", Value: text, Reason: `name a limit by its meter and period: "requests/day", "tokens/month" or, for requests, just "day" or "day from 06:00"; a concurrent limit by "at once" or "exports at once"`}
	}
	return limit.Key(), nil
}

// FormatLimitKey writes the meter and period of a limit in the form that
// [ParseLimitKey] reads.
func FormatLimitKey(key ration.LimitKey) string {
	if key.Kind == ration.KindConcurrent {
		return key.Meter + " " + atOnce
	}
	return key.Meter + "/" + string(key.Period)
}

// atOnce takes the place of a period in a concurrent limit.
const atOnce = "at once"

// overridePlace identifies an override of a key: there is at most one for each place.
type overridePlace struct {
	limits    ration.LimitKey
	temporary bool
}

func placeOf(override *ration.Override) overridePlace {
	return overridePlace{override.Key(), override.Temporary()}
}

// setOverrides sets overrides. Each replaces the one for the same meter, kind and
// period: a lasting one replaces the lasting one, even if there is a temporary one
// above it, and with it the one that was to take its place; a temporary one replaces the
// temporary one. An override that has
// ended goes when its place is set again. All are in the units of their meters.
func setOverrides(overrides, set []ration.Override, units UnitReader, now time.Time) ([]ration.Override, error) {
	overrides = slices.Clone(overrides)
	given := make(map[overridePlace]bool, len(set))
	for _, override := range set {
		if override.Scheduled() {
			return nil, &ration.InvalidError{Field: "starts_at", Value: override.StartsAt.UTC().Format(time.RFC3339), Reason: "a limit starts now, or with the next period of a key that exists"}
		}
		override, err := override.Normalize()
		if err != nil {
			return nil, err
		}
		unit, err := units(override.Meter)
		if err != nil {
			return nil, err
		}
		if override.Limit, err = override.In(unit); err != nil {
			return nil, err
		}
		if err := validateEnd("until", override.ExpiresAt, now); err != nil {
			return nil, err
		}
		override.ExpiresAt = toStored(override.ExpiresAt)
		if err := nameOnce(given, placeOf(&override), override.Key()); err != nil {
			return nil, err
		}
		overrides = slices.DeleteFunc(overrides, func(o ration.Override) bool {
			return placeOf(&o) == placeOf(&override) || o.Key() == override.Key() && !o.RunsAt(now)
		})
		if err := checkOverrideName(overrides, &override); err != nil {
			return nil, err
		}
		overrides = append(overrides, override)
	}
	return overrides, checkOverrideCount(overrides)
}

// nameOnce refuses two limits for the same place in one change, because nobody knows
// which of them is meant.
func nameOnce[P comparable](named map[P]bool, place P, key ration.LimitKey) error {
	if named[place] {
		return &ration.InvalidError{Field: "limits", Value: FormatLimitKey(key), Reason: "name each limit once"}
	}
	named[place] = true
	return nil
}

// overrideClearing says which of a key's overrides to remove.
type overrideClearing struct {
	field   string // of the change, for errors
	limits  []ration.LimitKey
	removes func(*ration.Override) bool // of those for one meter, kind and period
	none    string                      // what is wrong where there is nothing to remove
}

// clearings are in the order in which a patch makes them.
func (p *keyPatching) clearings() []overrideClearing {
	return []overrideClearing{
		{"clear_limits", p.ClearOverrides, func(*ration.Override) bool { return true }, "the key has no such limit of its own"},
		{"clear_temporary_limits", p.ClearTemporary, (*ration.Override).Temporary, "the key has no such temporary limit"},
		{"clear_lasting_limits", p.ClearLasting, func(o *ration.Override) bool { return !o.Temporary() }, "the key has no such lasting limit of its own"},
	}
}

// from removes overrides. If one doesn't exist, that is an error, unless it does not
// matter: a mistake must not look like a change.
func (c *overrideClearing) from(overrides []ration.Override, ifThere bool) ([]ration.Override, error) {
	for _, key := range c.limits {
		left := slices.DeleteFunc(slices.Clone(overrides), func(o ration.Override) bool { return o.Key() == key && c.removes(&o) })
		if len(left) == len(overrides) && !ifThere {
			return nil, &ration.InvalidError{Field: c.field, Value: FormatLimitKey(key), Reason: c.none + "; it has " + listOverrides(overrides)}
		}
		overrides = left
	}
	return overrides, nil
}

func listOverrides(overrides []ration.Override) string {
	if len(overrides) == 0 {
		return "none"
	}
	names := make([]string, len(overrides))
	for i, override := range overrides {
		names[i] = FormatLimitKey(override.Key())
		if override.Temporary() {
			names[i] += " (temporary)"
		}
		if override.Scheduled() {
			names[i] += " (from the next period on)"
		}
	}
	return strings.Join(names, ", ")
}

// toStored returns a time as databases keep it: in UTC and whole microseconds.
func toStored(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

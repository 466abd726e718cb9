package cli

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// parseInstant reads a time with its zone; a date, which begins at midnight UTC; or how
// long it is until then. The empty text is no time.
func parseInstant(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if wait, err := parseDays(text); err == nil && wait > 0 {
		return time.Now().Add(wait).Truncate(time.Second), nil
	}
	if date, err := time.Parse(time.DateOnly, text); err == nil {
		return date, nil
	}
	instant, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, &ration.InvalidError{Field: flag, Value: text, Reason: "use a date such as 2030-01-31 (from midnight UTC) or a time with its zone such as 2030-01-31T12:00:00+01:00, or 30d for 30 days from now"}
	}
	return instant, nil
}

// parsePast reads a time with its zone; a date, which begins at midnight UTC; or how long
// ago it was. The empty text is no time.
func parsePast(flag, text string) (time.Time, error) {
	if ago, err := parseDays(text); err == nil && ago > 0 {
		return time.Now().Add(-ago), nil
	}
	past, err := parseInstant(flag, text)
	if invalid, ok := errors.AsType[*ration.InvalidError](err); ok {
		invalid.Reason = strings.Replace(invalid.Reason, "30 days from now", "30 days ago", 1)
	}
	return past, err
}

// parseDate reads a date, "today", "yesterday" or how many days ago it was, by the
// clock in a zone; the empty text is none.
func parseDate(flag, text string, zone *time.Location) (ration.PeriodID, error) {
	if text == "" {
		return 0, nil
	}
	date, err := time.Parse(time.DateOnly, text)
	if err == nil {
		return ration.DateID(date.Date()), nil
	}
	ago, err := parseDays(text)
	switch {
	case text == "today":
		ago, err = 0, nil
	case text == "yesterday":
		ago, err = oneDay, nil
	case ago < 0 || ago%oneDay != 0:
		err = errNotDays
	}
	if err != nil {
		return 0, &ration.InvalidError{Field: flag, Value: text, Reason: "use a date such as 2030-01-31, today, yesterday, or 7d for 7 days ago"}
	}
	return ration.DateID(time.Now().In(zone).AddDate(0, 0, -int(ago/oneDay)).Date()), nil
}

// parseOverrides reads limits of a key's own, all with one end.
func parseOverrides(texts []string, until string) ([]ration.Override, error) {
	end, err := parseInstant("--until", until)
	if err != nil {
		return nil, err
	}
	if until != "" && len(texts) == 0 {
		return nil, usagef("--until says how long a --limit applies, but there is no --limit")
	}
	overrides := make([]ration.Override, 0, len(texts))
	for _, text := range texts {
		override, err := admin.ParseOverride(text)
		if err != nil {
			return nil, err
		}
		override.ExpiresAt = end
		overrides = append(overrides, override)
	}
	return overrides, nil
}

// parseLimits reads limits. An empty one is refused, so that a script's unset
// variable doesn't make an unlimited plan.
func parseLimits(texts []string) ([]ration.Limit, error) {
	limits := make([]ration.Limit, 0, len(texts))
	for _, text := range texts {
		limit, err := parsePlanLimit(text)
		if err != nil {
			return nil, err
		}
		limits = append(limits, limit)
	}
	return limits, nil
}

func parsePlanLimit(text string) (ration.Limit, error) {
	if override, err := admin.ParseOverride(text); err == nil && override.Unlimited {
		return ration.Limit{}, &ration.InvalidError{Field: "limit", Value: text, Reason: "only a key's own limit can be unlimited; for a plan, leave the limit out"}
	}
	return ration.ParseLimit(text)
}

// parseAll reads what a flag that can be repeated holds. One empty value stands
// for an empty list. The result is never nil.
func parseAll[T any](texts []string, parse func(string) (T, error)) ([]T, error) {
	if len(texts) == 1 && texts[0] == "" {
		return []T{}, nil
	}
	values := make([]T, 0, len(texts))
	for _, text := range texts {
		value, err := parse(text)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

// splitCommas splits "a,b": no scope and no address has a comma.
func splitCommas(texts []string) (split []string) {
	for _, text := range texts {
		split = append(split, strings.Split(text, ",")...)
	}
	return split
}

func parseScopes(texts []string) ([]string, error) {
	return parseAll(splitCommas(texts), func(text string) (string, error) { return text, nil })
}

// parseMetadata reads entries "name=value"; "name=" removes one.
func parseMetadata(texts []string) (map[string]*string, error) {
	entries := make(map[string]*string, len(texts))
	for _, text := range texts {
		name, value, found := strings.Cut(text, "=")
		if !found || name == "" {
			return nil, &ration.InvalidError{Field: "--metadata", Value: text, Reason: `write "name=value", or "name=" to remove one`}
		}
		entries[name] = nil
		if value != "" {
			entries[name] = &value
		}
	}
	return entries, nil
}

// changesAny reports whether a flag of the command itself was given, besides
// those that don't say what to change.
func changesAny(cmd *cobra.Command, besides ...string) bool {
	changed := false
	cmd.LocalNonPersistentFlags().VisitAll(func(flag *pflag.Flag) {
		changed = changed || flag.Changed && !slices.Contains(besides, flag.Name)
	})
	return changed
}

package admin

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ration-dev/ration"
)

// maxFilterLength is the most characters of a text in a filter. No key has longer ones.
const maxFilterLength = 1_000

func validateUnlimited(u Unlimited) error {
	switch u {
	case "", UnlimitedAny, UnlimitedMarked, UnlimitedUnmarked:
		return nil
	}
	return &ration.InvalidError{Field: "unlimited", Value: string(u), Reason: "use any, marked or unmarked"}
}

// selects reports whether keys of which NoLimit says this are selected.
func selects(u Unlimited, found *NoLimit) bool {
	switch u {
	case UnlimitedAny:
		return found != nil
	case UnlimitedMarked:
		return found != nil && found.Marked
	case UnlimitedUnmarked:
		return found.Unmarked()
	}
	return true
}

// validateFilter also refuses texts that no database looks for.
func validateFilter(f *KeyFilter) error {
	for _, given := range []struct{ field, text string }{
		{"owner", f.Owner}, {"plan", f.Plan}, {"name", f.Name}, {"secret_start", f.SecretStart}, {"search", f.Search}, {"after", f.After.Text},
	} {
		switch {
		case !utf8.ValidString(given.text) || strings.ContainsRune(given.text, 0):
			return &ration.InvalidError{Field: given.field, Reason: "use valid UTF-8 without NUL"}
		case utf8.RuneCountInString(given.text) > maxFilterLength:
			return &ration.InvalidError{Field: given.field, Reason: fmt.Sprintf("use at most %d characters", maxFilterLength)}
		}
	}
	f.Search = strings.TrimSpace(f.Search)
	switch f.Sort {
	case "", SortByName, SortByOwner:
	default:
		return &ration.InvalidError{Field: "sort", Value: string(f.Sort), Reason: "use name or owner, or nothing for the order of creation"}
	}
	if f.Status != "" && !f.Status.Valid() {
		return &ration.InvalidError{Field: "status", Value: string(f.Status), Reason: "use pending, active, disabled, revoked or rejected"}
	}
	if err := validateUnlimited(f.Unlimited); err != nil {
		return err
	}
	return ValidatePageSize(f.Limit)
}

// selects reports whether the filter leaves keys out by what they are.
func isSelective(f *KeyFilter) bool {
	return f.Owner != "" || f.Plan != "" || f.Owners != nil || f.Plans != nil || f.Status != "" || f.Name != "" || f.Unlimited != ""
}

// Matches reports whether a key is what the filter selects, apart from its limits, its
// secrets and the search.
func Matches(f *KeyFilter, key *ration.Key) bool {
	return (f.Owner == "" || f.Owner == key.Owner) && (f.Plan == "" || f.Plan == key.Plan) &&
		(f.Owners == nil || slices.Contains(f.Owners, key.Owner)) && (f.Plans == nil || slices.Contains(f.Plans, key.Plan)) &&
		(f.Status == "" || f.Status == key.Status) && (f.Name == "" || f.Name == key.Name)
}

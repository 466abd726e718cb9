package admin

import (
	"slices"

	"github.com/ration-dev/ration"
)

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

func validateFilter(f *KeyFilter) error {
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

// matches reports whether a key is still what the filter selects, but for its limits.
func matches(f *KeyFilter, key *ration.Key) bool {
	return (f.Owner == "" || f.Owner == key.Owner) && (f.Plan == "" || f.Plan == key.Plan) &&
		(f.Owners == nil || slices.Contains(f.Owners, key.Owner)) && (f.Plans == nil || slices.Contains(f.Plans, key.Plan)) &&
		(f.Status == "" || f.Status == key.Status) && (f.Name == "" || f.Name == key.Name)
}

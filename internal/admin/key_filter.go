package admin

import "github.com/ration-dev/ration"

// KeyFilter selects keys; zero fields select all.
type KeyFilter struct {
	Owner     string
	Plan      string
	Status    ration.Status
	Name      string       // exact
	Unlimited Unlimited    // by whether they have a limit
	After     ration.KeyID // keys with a greater id: the last of the page before
	Limit     int          // most keys returned; 0: 1,000
}

// Unlimited selects keys by whether any limit holds. The zero Unlimited selects all.
// Keys that can't be used any more have no limit to lack: none of the others
// selects them.
type Unlimited string

// The ways to select keys that have no limit, or will have none when a temporary
// one ends.
const (
	UnlimitedAny      Unlimited = "any"
	UnlimitedMarked   Unlimited = "marked"   // they or their plan are marked: it is meant
	UnlimitedUnmarked Unlimited = "unmarked" // nobody said that it is meant
)

func (u Unlimited) validate() error {
	switch u {
	case "", UnlimitedAny, UnlimitedMarked, UnlimitedUnmarked:
		return nil
	}
	return &ration.InvalidError{Field: "unlimited", Value: string(u), Reason: "use any, marked or unmarked"}
}

// selects reports whether keys of which NoLimit says this are selected.
func (u Unlimited) selects(found *NoLimit) bool {
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

func (f *KeyFilter) validate() error {
	if f.Status != "" && !f.Status.Valid() {
		return &ration.InvalidError{Field: "status", Value: string(f.Status), Reason: "use pending, active, disabled, revoked or rejected"}
	}
	if err := f.Unlimited.validate(); err != nil {
		return err
	}
	return validatePageSize(f.Limit)
}

// selects reports whether the filter leaves keys out by what they are.
func (f *KeyFilter) selects() bool {
	return f.Owner != "" || f.Plan != "" || f.Status != "" || f.Name != "" || f.Unlimited != ""
}

// matches reports whether a key is still what the filter selects, but for its limits.
func (f *KeyFilter) matches(key *ration.Key) bool {
	return (f.Owner == "" || f.Owner == key.Owner) && (f.Plan == "" || f.Plan == key.Plan) &&
		(f.Status == "" || f.Status == key.Status) && (f.Name == "" || f.Name == key.Name)
}

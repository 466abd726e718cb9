package admin

import "github.com/ration-dev/ration"

// KeyFilter selects keys; zero fields select all.
type KeyFilter struct {
	Owner  string
	Plan   string
	Status ration.Status
	Name   string       // exact
	After  ration.KeyID // keys with a greater id: the last of the page before
	Limit  int          // most keys returned; 0: 1,000
}

func (f *KeyFilter) validate() error {
	if f.Status != "" && !f.Status.Valid() {
		return &ration.InvalidError{Field: "status", Value: string(f.Status), Reason: "use pending, active, disabled, revoked or rejected"}
	}
	return validatePageSize(f.Limit)
}

// selects reports whether the filter leaves keys out by what they are.
func (f *KeyFilter) selects() bool {
	return f.Owner != "" || f.Plan != "" || f.Status != "" || f.Name != ""
}

// matches reports whether a key is still what the filter selects.
func (f *KeyFilter) matches(key *ration.Key) bool {
	return (f.Owner == "" || f.Owner == key.Owner) && (f.Plan == "" || f.Plan == key.Plan) &&
		(f.Status == "" || f.Status == key.Status) && (f.Name == "" || f.Name == key.Name)
}

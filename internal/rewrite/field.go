package rewrite

import (
	"slices"
	"strings"
	"time"

	"github.com/ration-dev/ration"
)

// Field names one thing that a decision tells, such as "remaining", or
// "remaining of requests-day". Without a limit's name it speaks of the tightest, as
// the X-RateLimit header fields do; see [ration.Tightest].
type Field struct {
	name  string
	limit string // empty: any
}

// The fields, and whether each is a number.
var fields = map[string]bool{
	"remaining": true, "limit": true, "used": true,
	"resets_at": false, "key_id": false, "key_name": false, "owner": false, "plan": false,
}

const fieldForm = `use remaining, limit, used or resets_at, also "… of" and a limit's name, or key_id, key_name, owner or plan`

// ParseField reads a field. Its error is a [ration.InvalidError].
func ParseField(text string) (Field, error) {
	name, limit, named := strings.Cut(text, " of ")
	_, known := fields[name]
	if !known || named && (limit == "" || !ofLimit(name)) {
		return Field{}, &ration.InvalidError{Field: "field", Value: text, Reason: fieldForm}
	}
	return Field{name: name, limit: limit}, nil
}

func ofLimit(name string) bool { return fields[name] || name == "resets_at" }

// value returns what a decision tells, and whether it tells it.
func (f Field) value(decision *ration.Decision) (string, bool) {
	if ofLimit(f.name) {
		return f.limitValue(decision)
	}
	if decision.KeyID.IsZero() {
		return "", false
	}
	switch f.name {
	case "key_id":
		return decision.KeyID.String(), true
	case "key_name":
		return decision.KeyName, true
	case "owner":
		return decision.Owner, decision.Owner != ""
	}
	return decision.Plan, decision.Plan != ""
}

func (f Field) limitValue(decision *ration.Decision) (string, bool) {
	status := f.find(decision.Limits)
	switch {
	case status == nil:
		return "", false
	case f.name == "remaining":
		return status.Unit.Text(status.Remaining), true
	case f.name == "limit":
		return status.Unit.Text(status.Size()), true
	case f.name == "used":
		return status.Unit.Text(status.Used + status.Reserved), true
	}
	return wholeSecond(status.ResetsAt).UTC().Format(time.RFC3339), !status.ResetsAt.IsZero()
}

// wholeSecond rounds up, so that nobody is told to come too early.
func wholeSecond(t time.Time) time.Time {
	if whole := t.Truncate(time.Second); whole.Before(t) {
		return whole.Add(time.Second)
	}
	return t
}

func (f Field) find(limits []ration.LimitStatus) *ration.LimitStatus {
	if f.limit != "" {
		limits = slices.DeleteFunc(slices.Clone(limits), func(status ration.LimitStatus) bool { return status.Name != f.limit })
	}
	return ration.Tightest(limits)
}

// json returns the field as a JSON value: null where the decision doesn't tell
// it, so that no other count stands where ours is expected.
func (f Field) json(decision *ration.Decision) []byte {
	value, told := f.value(decision)
	switch {
	case !told:
		return []byte("null")
	case fields[f.name]:
		return []byte(value)
	}
	return quote(value)
}

package api

import "time"

// PlanPreview is the body of POST /v1/admin/plans/{name}/preview.
type PlanPreview struct {
	Patch PlanPatch  `json:"patch"`           // what would change; empty: nothing. What would start later is taken as if it had started
	Keys  *KeyFilter `json:"keys,omitempty"`  // the keys that are judged, as if all of them had the plan: {} for all. Absent: those that have it
	From  string     `json:"from,omitempty"`  // the first local date, such as 2030-01-31. Absent: 30 days, with the last one
	To    string     `json:"to,omitempty"`    // the last local date, included. Absent: today, as it stands
	Limit int        `json:"limit,omitempty"` // most keys that are named, 1 to 1000. Absent: 100
}

// PlanPreviewed says what a plan would have refused. It is made from the history by day and
// by hour: what was used in a period beyond its limit would not have been admitted. Each
// number is the least, since a charge of many units is refused whole. What was denied is
// not in what was used. Imported usage counts; of a period that was reset by hand all
// counts. Keys that are revoked, rejected or expired don't count.
type PlanPreviewed struct {
	Plan        Plan             `json:"plan"`         // as it would be
	From        string           `json:"from"`         // the first local date
	To          string           `json:"to"`           // the last one
	Keys        int              `json:"keys"`         // how many keys were judged
	KeysRefused int              `json:"keys_refused"` // of these, those that would have been refused something
	More        bool             `json:"more"`         // there are more keys, of which nothing is said: the first 20,000 were looked at, or as many as could be in 10 seconds
	Meters      []PreviewedMeter `json:"meters"`       // those that the plan would limit, and requests; never null
	Limits      []PreviewedLimit `json:"limits"`       // all limits of the plan; never null
	Worst       []PreviewedKey   `json:"worst"`        // the keys that would have been refused most; never null
}

// PreviewedMeter is what was used on a meter in the time of a preview, by a key or by all.
type PreviewedMeter struct {
	Meter   string `json:"meter"`
	Used    Number `json:"used"`    // units
	Refused Number `json:"refused"` // of these, units that would not have been admitted; those that several limits would refuse count once
	Denied  int64  `json:"denied"`  // charges that were denied, for whatever reason; they are not in used
}

// PreviewedLimit is what one limit would have refused, as if it were the plan's only one.
type PreviewedLimit struct {
	Limit       PlanLimit  `json:"limit"`
	Changed     bool       `json:"changed"`      // the plan as it is has no such limit, or another one
	Keys        int        `json:"keys"`         // that would have been refused something
	Periods     int        `json:"periods"`      // in which that would have happened, of all keys
	Refused     Number     `json:"refused"`      // units
	Overridden  int        `json:"overridden"`   // keys that have a limit of their own in its place
	Unknown     string     `json:"unknown"`      // why nothing is known; empty: it is known
	UnknownKeys int        `json:"unknown_keys"` // keys of which nothing is known: their periods don't begin on a full UTC hour
	Since       *time.Time `json:"since"`        // from when on it is known, where usage by hour is not there for the whole time; null: it is
}

// PreviewedKey is a key that would have been refused something.
type PreviewedKey struct {
	KeyID   string              `json:"key_id"`
	KeyName string              `json:"key_name"`
	Owner   string              `json:"owner"`
	Plan    string              `json:"plan"`   // that it has now
	Meters  []PreviewedMeter    `json:"meters"` // those on which it would have been refused something; never null
	Limits  []PreviewedKeyLimit `json:"limits"` // those that would have refused something; never null
}

// PreviewedKeyLimit is what one limit would have refused a key.
type PreviewedKeyLimit struct {
	Limit   PlanLimit         `json:"limit"`
	Count   int               `json:"count"`   // of periods in which that would have happened
	Refused Number            `json:"refused"` // units
	Periods []PreviewedPeriod `json:"periods"` // at most 31, those with most; in the order of time; never null
}

// PreviewedPeriod is a period in which a key would have been refused something.
type PreviewedPeriod struct {
	Begins  string `json:"begins"`  // the date, or the hour: 2026-01-31T13:00:00Z; empty for a lifetime
	Used    Number `json:"used"`    // units, from the period's beginning to the last day
	Refused Number `json:"refused"` // units
}

package rationadmin

import (
	"time"

	"github.com/ration-dev/ration"
)

const (
	// MostPreviewed is how many keys a preview of a plan looks at, the first ones by id.
	MostPreviewed = 20_000
	// MostPreviewNamed is the most keys that a preview names.
	MostPreviewNamed = 1_000
	// MostPreviewPeriods is the most periods that a preview names of one limit of a key.
	MostPreviewPeriods = 31
	// PreviewDays is how many days a preview is about if nobody says which.
	PreviewDays = 30
)

// PlanPreview asks what a plan would have refused lately if it had been as a patch would
// make it.
type PlanPreview struct {
	Patch PlanPatch // the plan, and what would change in it. What would start later is taken as if it had started

	// Keys selects the keys that are judged, as if all of them had the plan: that is what
	// moving them to it would mean. Its order, After, Limit and WithToday don't matter.
	// Nil: the keys that have the plan.
	Keys *KeyFilter

	From  ration.PeriodID // the first local date; 0: 30 days, with today
	To    ration.PeriodID // the last one, included; 0: today, as it stands
	Limit int             // most keys that are named; 0: 100
}

// PlanPreviewed says what a plan would have refused if it had held from the first day on.
// It is made from the history: of each period of a limit, what was used in it beyond the
// limit would not have been admitted. What was used before the first day fills the period
// that goes on then, and is not itself refused. So each number is units that were used
// and would not have been.
//
// Each number is the least: a charge of many units is refused whole, though a part of it
// would have fitted. Nothing is known of callers who would have waited, or sent less. What
// was denied is not in what was used, so a looser plan refuses nothing more, and how much
// more it would have admitted can't be said; Denied has these charges. A running period
// counts as it stands. Usage that was counted elsewhere and imported counts too, by its
// days; by hours it is all at noon. A reset by hand is not in the history: what was used
// before it still counts.
//
// Only limits of the plan count. One that a key overrides does not count for this key, as
// the key's overrides are now, and so is the key's plan: what was used before the key had
// the plan counts. Keys that can't be used any more don't count: those that are revoked,
// rejected or expired.
type PlanPreviewed struct {
	Plan     ration.Plan     // as it would be
	From, To ration.PeriodID // the dates that were asked for, or chosen: then by UTC

	Keys    int  // how many keys were judged
	Refused int  // of these, those that would have been refused something
	More    bool // there are more keys, of which nothing is said: the first [MostPreviewed] were looked at, or as many as could be in 10 seconds

	Meters []PreviewedMeter // those that the plan would limit, and requests; requests first
	Limits []PreviewedLimit // all limits of the plan, with those that would start later
	Worst  []PreviewedKey   // keys that would have been refused something: those first that most requests would have been refused, then by the other meters, by name
}

// PreviewedMeter is what was used on a meter in the time of a preview, by a key or by all.
type PreviewedMeter struct {
	Meter   string
	Unit    ration.Unit
	Used    int64 // units
	Refused int64 // of these, units that would not have been admitted, by all limits together; those that several limits would refuse count once
	Denied  int64 // charges that were denied, for whatever reason; they are not in Used
}

// PreviewedLimit is what one limit would have refused, as if it were the plan's only one.
type PreviewedLimit struct {
	Limit   ration.Limit
	Changed bool // the plan as it is has no such limit, or another one

	Keys       int   // that would have been refused something
	Periods    int   // in which that would have happened, of all keys
	Refused    int64 // units
	Overridden int   // keys to which it doesn't apply, since they have a limit of their own in its place

	// Unknown says why nothing is known. Empty: it is known.
	Unknown string
	// UnknownKeys is how many keys the limit would apply to, of which nothing is known:
	// their periods don't begin on a full UTC hour, and usage within a day is only known by
	// UTC hour.
	UnknownKeys int
	// Since is from when on it is known, where usage by hour is not there for the whole
	// time. Zero: it is.
	Since time.Time
}

// PreviewedKey is a key that would have been refused something.
type PreviewedKey struct {
	KeyID   ration.KeyID
	KeyName string
	Owner   string
	Plan    string // that it has now
	Meters  []PreviewedMeter
	Limits  []PreviewedKeyLimit // those that would have refused something
}

// PreviewedKeyLimit is what one limit would have refused a key.
type PreviewedKeyLimit struct {
	Limit   ration.Limit
	Count   int               // of periods in which that would have happened
	Refused int64             // units
	Periods []PreviewedPeriod // at most [MostPreviewPeriods], those with most; in the order of time
}

// PreviewedPeriod is a period in which a key would have been refused something.
type PreviewedPeriod struct {
	Period  ration.PeriodID // its id: the date on which it begins, or the hour; 0 of a lifetime
	Used    int64           // units, from the period's beginning to the last day
	Refused int64
}

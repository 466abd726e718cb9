package admin

import (
	"context"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// Maintenance is what [Service.Diagnose] and [Service.RepairUsage] need of a
// database.
type Maintenance interface {
	// Examine returns what this kind of database can say of itself, in a fixed
	// order, each check once. Deep reads all of it, which may take minutes; charges
	// go on meanwhile. An error means that a check could not be made.
	Examine(ctx context.Context, deep bool) ([]Finding, error)

	// KeysAhead looks at the next keys after one, in the order of their ids, and
	// returns those that a clock from the future has charged or denied: whose row
	// of requests has a later hour, or whose history of requests a later date, than
	// [LatestLabels] has for the store's time.
	KeysAhead(ctx context.Context, after ration.KeyID, look int) (KeysAhead, error)

	// RepairUsage locks keys, at most MaxKeysAtOnce, in the order of [LockOrder],
	// and calls repair with what each has used, as read under the lock, one after
	// the other and with the same time. For those with which it returns nil it
	// writes what repair leaves: all windows and request times, the fold of the
	// history, and Audit; last uses of secrets that are later than Now become Now.
	// Keys for which it returns ErrUnchanged stay as they are, any other error
	// changes none. Repair may be called again for all of them. Errors:
	// ErrClockSuspect while the store's clock is in doubt; ErrNotFound.
	RepairUsage(ctx context.Context, ids []ration.KeyID, repair func(*UsageRepair) error) error
}

// KeysAhead is one look at some keys.
type KeysAhead struct {
	Now  time.Time      // the store's time
	IDs  []ration.KeyID // of those that a clock from the future has used
	Last ration.KeyID   // of those looked at; zero: there are no more
}

// UsageRepair is what a key has used, within a transaction that puts it right.
type UsageRepair struct {
	Now      time.Time // the store's time
	KeyID    ration.KeyID
	TimeZone string // of its periods: the key's own, else its plan's, else empty
	Open     []ration.Reservation
	Meters   []MeterRecord // to be changed in place
	Audit    AuditEntry    // to be filled in
}

// MeterRecord is a meter's row and its history.
type MeterRecord struct {
	ledger.MeterUsage
	Days []MeterDay // from RepairFrom on, by date
	Fold Fold       // to be filled in

	Refunded []ledger.PeriodRefunds // what was given back in its periods, but for its lifetime
	Moved    []RefundMove           // to be filled in
}

// RefundMove moves what was given back in later periods of a meter into another:
// its units are added to it and their rows are deleted.
type RefundMove struct {
	Into ledger.PeriodRefunds
	From []ledger.RefundPeriod // at least one
}

// MeterDay is a row of a meter's history.
type MeterDay struct {
	Date          ration.PeriodID
	Used          int64     // units
	Denied        int64     // charges
	LastRequestAt time.Time // zero: nothing was admitted
	GivenBack     int64     // units
	Refunds       int64     // charges that were given back
}

// Fold moves days of the history into another: what they counted is added to it
// and their rows are deleted. The zero Fold moves nothing.
type Fold struct {
	Into MeterDay // what is added to this date; LastRequestAt is set unless it is zero
	From []ration.PeriodID
}

const (
	// clockTolerance is how far a clock may be ahead without being wrong: as far as
	// the clocks of database and instance may be apart when a period begins.
	clockTolerance = 10 * time.Minute
	// farthestEast is how far the earliest local date is ahead of UTC.
	farthestEast = 14 * time.Hour
	// farthestWest is how far the latest is behind.
	farthestWest = 12 * time.Hour
	// repairDays is how far back a running period can have begun, and more.
	repairDays = 40
)

// LatestPeriods returns the latest hour that a clock which is right can have
// written, in any time zone, and the latest date.
func LatestPeriods(now time.Time) (hour, date ration.PeriodID) {
	now = now.Add(clockTolerance)
	return ration.HourID(now), ration.DateID(now.Add(farthestEast).UTC().Date())
}

// RepairFrom returns the first date of the history that a repair needs.
func RepairFrom(now time.Time) ration.PeriodID {
	return ration.DateID(now.UTC().Date()) - repairDays
}

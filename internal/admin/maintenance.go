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
	// Examine makes the checks that this kind of database has, in a fixed order, and
	// returns one finding for each. With deep it reads the whole database, which may
	// take minutes; charges go on meanwhile. An error means that a check could not be
	// made.
	Examine(ctx context.Context, deep bool) ([]Finding, error)

	// Database describes the database, and returns its time.
	Database(ctx context.Context) (Database, time.Time, error)

	// KeysAhead looks at the next keys after one, in the order of their ids. It
	// returns those that had a charge or a denial while a clock was ahead: the row of
	// their requests has a later hour, of its window or counted last, or the history of their requests a later date,
	// than [LatestPeriods] returns for the store's time.
	KeysAhead(ctx context.Context, after ration.KeyID, look int) (KeysAhead, error)

	// RepairUsage locks keys, at most MaxKeysAtOnce, in the order of [LockOrder]. It
	// calls repair for one key after the other, with what the key has used, as read
	// under the lock, and with the same time. If repair returns nil, it writes what
	// repair has changed: all windows and request times, the latest hour, the folds of the history, and
	// Audit. Last uses of secrets that are later than Now become Now. If repair
	// returns ErrUnchanged, the key stays as it is. If it returns any other error, no
	// key is changed. Repair may be called again for all keys. Errors:
	// ErrClockSuspect while the store's clock is in doubt; ErrNotFound.
	RepairUsage(ctx context.Context, ids []ration.KeyID, repair func(*UsageRepair) error) error
}

// KeysAhead is the result of looking at some keys.
type KeysAhead struct {
	Now  time.Time      // the store's time
	IDs  []ration.KeyID // keys that were used while a clock was ahead
	Last ration.KeyID   // the last key that was looked at; zero: there are no more
}

// UsageRepair is what a key has used, within a transaction that corrects it.
type UsageRepair struct {
	Now      time.Time // the store's time
	KeyID    ration.KeyID
	TimeZone string // of its periods: the key's own, else its plan's, else empty
	Open     []ration.Reservation
	Meters   []MeterRecord // to be changed in place
	Audit    AuditEntry    // to be filled in
}

// MeterRecord is a meter's row, with its history.
type MeterRecord struct {
	ledger.MeterUsage
	Days []MeterDay // from RepairFrom on, by date
	Fold Fold       // to be filled in

	Hours     []ledger.HourCount // of the history, from the hour of Now on
	HoursFrom []ration.PeriodID  // to be filled in: hours of the history to be deleted, whose counts are in Counted now

	Refunded []ledger.PeriodRefunds // what was given back in its periods, except for its lifetime
	Moved    []RefundMove           // to be filled in
}

// RefundMove moves what was given back in later periods of a meter into another
// period: the units are added to that period, and the rows of the later ones are
// deleted.
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

// Fold moves days of the history into another day: their counts are added to that
// day, and their rows are deleted. The zero Fold moves nothing.
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

// LatestPeriods returns the latest hour and the latest date, in any time zone, that
// can have been written if the clock was right.
func LatestPeriods(now time.Time) (hour, date ration.PeriodID) {
	now = now.Add(clockTolerance)
	return ration.HourID(now), ration.DateID(now.Add(farthestEast).UTC().Date())
}

// RepairFrom returns the first date of the history that a repair needs.
func RepairFrom(now time.Time) ration.PeriodID {
	return ration.DateID(now.UTC().Date()) - repairDays
}

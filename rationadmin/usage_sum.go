package rationadmin

import (
	"time"

	"github.com/ration-dev/ration"
)

// UsageGroup is what usage or traffic can be added up by.
type UsageGroup string

// What usage can be added up by. A plan is the one that the key has now.
const (
	ByKey   UsageGroup = "key"
	ByOwner UsageGroup = "owner"
	ByPlan  UsageGroup = "plan"
	ByDay   UsageGroup = "day"
	ByMonth UsageGroup = "month"
	ByHour  UsageGroup = "hour"  // only in a zone
	ByMeter UsageGroup = "meter" // which every sum is by, since units of two meters don't add up
)

// What only traffic can be added up by, besides hour, day and month.
const (
	ByVia  UsageGroup = "via"
	ByCode UsageGroup = "code"
)

// UsageQuestion asks for sums of usage.
type UsageQuestion struct {
	UsageFilter // which days are added up; Limit is the most sums returned
	By          []UsageGroup
	// Zone is the IANA time zone of From, To, days and months, for all keys alike. Such
	// a report is made of UTC hours, which are kept for a time and have no
	// LastRequestAt. Empty: days are those of each key's own zone.
	Zone string
}

// UsageSum is what was used on one meter by one group. Fields that the question does
// not group by are zero.
type UsageSum struct {
	KeyID         ration.KeyID
	KeyName       string // of the key
	Owner         string // also with the key
	Plan          string
	Date          ration.PeriodID // the day, or the first of the month, in the report's zone or each key's own
	Hour          time.Time       // its start
	Meter         string
	Used          int64       // units
	Unit          ration.Unit // of the meter
	Denied        int64       // charges
	LastRequestAt time.Time   // of admitted charges; zero: none
}

// UsageReport has the sums by group, and those of everything that the filter selects.
type UsageReport struct {
	Sums   []UsageSum // by date, if there is one; then by meter, requests first; then the greatest first
	Totals []UsageSum // one for each meter, requests first; also of sums beyond the limit
	More   bool       // there are more sums than the limit

	// From and To are the first and the last day of a report in a zone. Without a zone,
	// From is the day since which the history is complete, if the question has no From
	// and earlier days were deleted; otherwise both are zero.
	From, To ration.PeriodID
}

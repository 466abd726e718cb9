package rationadmin

import (
	"time"

	"github.com/ration-dev/ration"
)

// UsageGroup is what usage can be added up by.
type UsageGroup string

// What usage can be added up by. A plan is the one that the key has now.
const (
	ByKey   UsageGroup = "key"
	ByOwner UsageGroup = "owner"
	ByPlan  UsageGroup = "plan"
	ByDay   UsageGroup = "day"
	ByMonth UsageGroup = "month"
	ByMeter UsageGroup = "meter" // which every sum is by, since units of two meters don't add up
)

// UsageQuestion asks for sums of usage.
type UsageQuestion struct {
	UsageFilter // which days are added up; Limit is the most sums returned
	By          []UsageGroup
}

// UsageSum is what was used on one meter by one group. Fields that the question does
// not group by are zero.
type UsageSum struct {
	KeyID         ration.KeyID
	KeyName       string // of the key
	Owner         string // also with the key
	Plan          string
	Date          ration.PeriodID // the day, or the first of the month, in each key's own time zone
	Meter         string
	Used          int64     // units
	Denied        int64     // charges
	LastRequestAt time.Time // of admitted charges; zero: none
}

// UsageReport has the sums by group, and those of everything that the filter selects.
type UsageReport struct {
	Sums   []UsageSum // by date, if there is one; then by meter, requests first; then the greatest first
	Totals []UsageSum // one for each meter, requests first; also of sums beyond the limit
	More   bool       // there are more sums than the limit
}

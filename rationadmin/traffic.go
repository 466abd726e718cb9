package rationadmin

import (
	"time"

	"github.com/ration-dev/ration"
)

// TrafficQuestion asks for sums of traffic.
type TrafficQuestion struct {
	// From and To are dates in Zone, both included. Without To, that is today; without
	// From, the first of 400 days up to To.
	From, To ration.PeriodID
	By       []UsageGroup // ByHour, ByDay or ByMonth, ByVia, ByCode
	Zone     string       // an IANA name; empty: UTC
	Limit    int          // most sums returned; 0: 10,000
}

// TrafficSum is how many requests were answered. Fields that the question does not
// group by are zero.
type TrafficSum struct {
	Hour    time.Time       // its start
	Date    ration.PeriodID // the day, or the first of the month, in the question's zone
	Via     string          // the way in: proxy, verify, reservations, or other
	Code    string          // of the decision, or of the error that prevented it
	Answers int64
}

// TrafficReport has sums, none of which is zero.
type TrafficReport struct {
	Sums     []TrafficSum    // by time, if there is one; then the greatest first; then by way in and code
	More     bool            // there are more sums than the limit
	From, To ration.PeriodID // the first and the last day
	Since    time.Time       // from when on answers are counted; earlier counts were deleted, or never made. Zero: they always were
}

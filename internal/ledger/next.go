package ledger

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ration-dev/ration"
)

// Stores keep a scheduled limit in the table of the limits that hold, under a period of
// its own, such as "day from next". So decisions read it with the others, and a release
// that does not know it refuses the keys that have it, rather than overlook it.
const nextMark = " from next"

// NextPlanPeriod is the period under which stores keep the plan that a key will have.
const NextPlanPeriod ration.Period = "plan" + nextMark

// StoredNext returns a scheduled limit as stores keep it, with whether it is removed:
// then it has no name. A plan may have several changes of one limit; they are numbered
// from 1.
func StoredNext(limit ration.Limit, removed bool, number int) ration.Limit {
	limit.Kind = ration.KindQuota // the only one that has periods with a beginning
	limit.Period += nextMark
	if number > 1 {
		limit.Period += ration.Period(" " + strconv.Itoa(number))
	}
	if removed {
		limit.Name = ""
	}
	return limit
}

// ReadNext is the inverse of StoredNext.
func ReadNext(stored ration.Limit) (limit ration.Limit, removed bool) {
	limit, removed = stored, stored.Name == ""
	period, _, _ := strings.Cut(string(stored.Period), nextMark)
	limit.Period = ration.Period(period)
	limit.Kind = ration.KindOf(limit.Period)
	if period == "" {
		limit.Kind = ration.KindConcurrent
	}
	if removed {
		limit.Name = limit.Key().DefaultName()
	}
	return limit, removed
}

// AddLimit adds a limit of a plan as it is stored; since is zero unless it is scheduled.
func AddLimit(plan *ration.Plan, stored ration.Limit, since time.Time) {
	if since.IsZero() {
		plan.Limits = append(plan.Limits, stored)
		return
	}
	next := ration.NextLimit{Since: since}
	next.Limit, next.Removed = ReadNext(stored)
	plan.Next = append(plan.Next, next)
	slices.SortFunc(plan.Next, ration.CompareNextLimits)
}

// ReadOverride returns an override as it is stored; startsAt is zero unless it is
// scheduled.
func ReadOverride(stored ration.Override, startsAt time.Time) ration.Override {
	if startsAt.IsZero() {
		return stored
	}
	stored.StartsAt = startsAt
	stored.Limit, stored.Removed = ReadNext(stored.Limit)
	return stored
}

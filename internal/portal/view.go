package portal

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
)

// usageView is what the holder of a key sees of it.
type usageView struct {
	Key     api.OwnKey
	Expires *moment // nil: never
	Ends    string  // level of the expiry: ok or near
	At      moment
	Limits  []limitView
	Charts  []chart
	Others  []meterView // meters that have no chart
	More    bool

	Refusals refusalsView
}

// meterView is a meter in a sentence.
type meterView struct {
	Meter, Used string
	Denied      int64
}

const (
	// expiresSoon is when an expiry is shown as near.
	expiresSoon = 14 * 24 * time.Hour
	// maxCharts bounds the size of a page.
	maxCharts = 3
)

func newUsageView(usage *api.OwnUsage) *usageView {
	zone := zoneOf(usage.Key.TimeZone)
	view := &usageView{Key: usage.Key, Expires: momentAt(usage.Key.ExpiresAt, usage.At, zone), At: *momentAt(&usage.At, usage.At, zone), More: usage.More}
	if at := usage.Key.ExpiresAt; at != nil && at.Sub(usage.At) < expiresSoon {
		view.Ends = levelNear
	}
	for i := range usage.Limits {
		view.Limits = append(view.Limits, newLimitView(&usage.Limits[i], usage.At, zone))
	}
	slices.SortStableFunc(view.Limits, func(a, b limitView) int { return a.order() - b.order() })
	for i := range usage.Usage {
		meter := &usage.Usage[i]
		if len(view.Charts) < maxCharts {
			view.Charts = append(view.Charts, newChart(meter, usage.From, usage.To))
			continue
		}
		view.Others = append(view.Others, meterView{meter.Meter, grouped(meter.Used), meter.Denied})
	}
	return view
}

// The levels of what remains.
const (
	levelOK   = "ok"
	levelNear = "near"
	levelOut  = "out"
)

// limitView is one limit as a card.
type limitView struct {
	Name, Kind                       string
	Meter, Allows                    string // "requests", "1,000 requests per day"
	Limit, Used, Reserved, Remaining string
	HasReserved, IsFull              bool
	UsedShare, ReservedShare         string // of the bar, 0 to 100
	ReservedFrom                     string
	Level                            string
	Resets                           *moment // nil: never
}

func newLimitView(limit *api.Limit, now time.Time, zone *time.Location) limitView {
	size, used, reserved, remaining := amount(limit.Limit), amount(limit.Used), amount(limit.Reserved), amount(limit.Remaining)
	share := func(part float64) float64 {
		if size <= 0 {
			return 100
		}
		return min(100, 100*part/size)
	}
	usedShare := share(used)
	view := limitView{
		Name: limit.Name, Kind: limit.Kind, Meter: limit.Meter, Allows: grouped(limit.Limit) + " " + limit.Meter + " " + perPeriod(limit),
		Limit: grouped(limit.Limit), Used: grouped(limit.Used), Reserved: grouped(limit.Reserved), Remaining: grouped(limit.Remaining),
		HasReserved: reserved > 0, IsFull: remaining >= size, UsedShare: percent(usedShare), ReservedFrom: percent(usedShare), Level: levelOK,
		Resets: momentAt(limit.ResetsAt, now, zone),
	}
	view.ReservedShare = percent(min(100-usedShare, share(reserved)))
	switch {
	case remaining <= 0:
		view.Level = levelOut
	case remaining < size/5:
		view.Level = levelNear
	}
	return view
}

// order puts quotas first, which people ask for, and the shortest waits last.
func (l limitView) order() int {
	switch l.Kind {
	case string(ration.KindQuota):
		return 0
	case string(ration.KindRate):
		return 1
	}
	return 2
}

// Wait says in words when there will be more.
func (l limitView) Wait() string {
	switch {
	case l.Kind == string(ration.KindConcurrent):
		return "Free again when calls end"
	case l.Kind == string(ration.KindRate) && (l.Resets == nil || l.IsFull):
		return "All of it is available"
	case l.Resets == nil:
		return "Does not reset"
	case l.Kind == string(ration.KindRate):
		return "Full again " + l.Resets.In
	}
	return "Resets " + l.Resets.In
}

// amount reads an amount for its share of a bar.
func amount(number api.Number) float64 {
	value, _ := number.Float64()
	return value
}

func percent(share float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(max(0, share), 'f', 1, 64), ".0")
}

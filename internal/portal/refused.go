package portal

import (
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// refusalsView is what is known of calls that were refused.
type refusalsView struct {
	Count  int64 // in the days that are shown
	Listed bool  // the last ones are known
	Last   []refusalView
	Within int // of how many days
	Zone   string
}

// refusalView is one call that was refused.
type refusalView struct {
	At        moment
	Why, What string
	RequestID string
}

func newRefusalsView(usage *api.OwnUsage, last []admin.Refused, listed bool) refusalsView {
	view := refusalsView{Listed: listed, Within: admin.RefusedDays, Zone: usage.Key.TimeZone}
	for _, meter := range usage.Usage {
		if meter.Meter == ration.MeterRequests { // every charge counts them
			view.Count = meter.Denied
		}
	}
	zone := zoneOf(usage.Key.TimeZone)
	for _, one := range last {
		at := *momentAt(&one.At, usage.At, zone)
		at.On = one.At.In(zone).Format("Mon 2 Jan, " + time.TimeOnly)
		view.Last = append(view.Last, refusalView{At: at, Why: whyRefused(one.Code), What: what(&one), RequestID: one.RequestID})
	}
	return view
}

// why words the codes of decisions for those whose calls were refused.
var why = map[ration.Code]string{
	ration.CodeQuotaExceeded:       "A quota was used up",
	ration.CodeRateExceeded:        "Calls came too fast",
	ration.CodeConcurrencyExceeded: "Too many calls at once",
	ration.CodeCostExceedsLimit:    "It asked for more than a limit could ever allow",
	ration.CodeInsufficientScope:   "The key may not do this",
	ration.CodeIPNotAllowed:        "It came from an address that is not allowed",
	ration.CodeKeyExpired:          "The key, or the secret, had expired",
	ration.CodeKeyDisabled:         "The key was disabled",
	ration.CodeKeyRevoked:          "The key, or the secret, was revoked",
}

func whyRefused(code ration.Code) string {
	if words, known := why[code]; known {
		return words
	}
	return string(code)
}

// unmatched is the route of what no route matches, which says nothing to a holder.
const unmatched = "unmatched"

// what describes a call by its method and the name of its route.
func what(refused *admin.Refused) string {
	switch {
	case refused.Route == unmatched:
		return refused.Method
	case refused.Method != "" && refused.Route != "":
		return refused.Method + " " + refused.Route
	case refused.Method != "":
		return refused.Method
	}
	return refused.Route
}

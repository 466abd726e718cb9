package cli

import (
	"cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/route"
)

// explainedRequest is what becomes of a request, in JSON.
type explainedRequest struct {
	// Outcome is refused, charged, reserved, free, usage_answered, page_answered, preflight_answered
	// or preflight_passed_on.
	Outcome string `json:"outcome"`
	// Of a refusal.
	Status int    `json:"status,omitempty"`
	Code   string `json:"code,omitempty"`
	Detail string `json:"detail,omitempty"`

	Route        string                `json:"route,omitempty"` // its name; "unmatched" where none matches
	Path         string                `json:"path,omitempty"`  // the route's pattern
	Near         bool                  `json:"near"`            // the path, or the method, is not the route's own
	NeedsKey     bool                  `json:"needs_key"`
	Scope        string                `json:"scope,omitempty"`
	KeyParameter string                `json:"key_parameter,omitempty"` // of the URL, beside the headers
	Amounts      map[string]api.Number `json:"amounts,omitempty"`       // charged or reserved
	Reserve      *explainedReserve     `json:"reserve,omitempty"`
	Refunds      []string              `json:"refunds,omitempty"`
	Idempotency  string                `json:"idempotency,omitempty"` // off, on or required
	FailOpen     bool                  `json:"fail_open"`
	Methods      []string              `json:"methods,omitempty"` // what a page may use
	Beside       bool                  `json:"beside"`            // no route matches, and others ask more
}

// explainedReserve is how a reservation ends, in JSON.
type explainedReserve struct {
	TTL      string   `json:"ttl"`
	AtExpiry string   `json:"at_expiry"`
	Overage  string   `json:"over_settlement"`
	Settled  []string `json:"settled"` // meters of which the upstream reports what was used
}

func describeRequest(e proxy.Explanation) explainedRequest {
	switch {
	case e.Refusal != nil:
		return explainedRequest{Outcome: "refused", Status: e.Refusal.Status, Code: e.Refusal.Code, Detail: e.Refusal.Detail}
	case e.PageMethods != nil:
		return explainedRequest{Outcome: "preflight_answered", Methods: e.PageMethods}
	case e.Page:
		return explainedRequest{Outcome: "page_answered"}
	case e.OwnUsage:
		return explainedRequest{Outcome: "usage_answered", NeedsKey: true}
	}
	shown := explainedRequest{Outcome: "free", Route: e.Route.Name, Path: e.Route.Path(), Near: e.Route.Near, Beside: e.Beside}
	if e.PassedPreflight {
		shown.Outcome = "preflight_passed_on"
	}
	if !e.Route.Free {
		shown.describeCharge(e)
	}
	return shown
}

// describeCharge says what a route asks that isn't free.
func (r *explainedRequest) describeCharge(e proxy.Explanation) {
	r.Outcome, r.NeedsKey, r.Scope, r.KeyParameter = "charged", true, e.Route.Scope, e.KeyParameter
	r.Refunds, r.FailOpen = e.Route.Refunds.Outcomes(), e.Route.FailOpen
	r.Idempotency = cmp.Or(string(e.Route.Idempotency), "off")
	r.Amounts = make(map[string]api.Number, len(e.Amounts))
	for _, amount := range e.Amounts {
		r.Amounts[amount.Meter] = api.Number(amount.Text())
	}
	if e.Route.Reserve != nil {
		r.Outcome, r.Reserve = "reserved", describeReserve(e.Route.Reserve)
	}
}

func describeReserve(reserve *route.CompiledReserve) *explainedReserve {
	shown := &explainedReserve{
		TTL:      durationText(cmp.Or(reserve.Hold.TTL, ration.DefaultReservationTTL)),
		AtExpiry: string(cmp.Or(reserve.Hold.AtExpiry, ration.AtExpiryKeep)),
		Overage:  string(reserve.Overage),
	}
	for _, report := range reserve.Reports {
		shown.Settled = append(shown.Settled, report.Meter)
	}
	return shown
}

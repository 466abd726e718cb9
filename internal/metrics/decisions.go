package metrics

import (
	"context"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/traffic"
	"github.com/ration-dev/ration/rationhttp"
)

// other stands for what has no name of its own.
const other = "other"

// decisions counts what ways in tell.
type decisions struct {
	routes      map[string]string // to themselves
	decided     *prometheus.CounterVec
	took        *prometheus.HistogramVec
	refunds     *prometheus.CounterVec
	settlements *prometheus.CounterVec
	upstream    *prometheus.CounterVec
}

func newDecisions(routes, failOpen []string) decisions {
	d := decisions{
		routes:  make(map[string]string, len(routes)),
		decided: counterVec("decisions_total", "Answers to requests for a decision, by way in, route and code.", "via", "route", "code"),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "decision_seconds", Help: "How long a request waited for its decision, by way in.", Buckets: seconds,
		}, []string{"via"}),
		refunds:     counterVec("refunds_total", "Charges that were to be given back because of their outcome, by way in and code; ok: given back.", "via", "code"),
		settlements: counterVec("settlements_total", "Reservations that the proxy or the middleware was to settle, by way in and code; ok: settled.", "via", "code"),
		upstream:    counterVec("upstream_failures_total", "Requests that were let through and then failed at the upstream, by code.", "code"),
	}
	for _, route := range routes {
		d.routes[route] = route
	}
	// A counter that is not there before its first event does not increase at that event,
	// and an outage may be short.
	for _, route := range failOpen {
		for _, via := range traffic.RouteVias() {
			d.decided.WithLabelValues(via, route, traffic.CodeFailedOpen)
		}
	}
	return d
}

func (d *decisions) all() []prometheus.Collector {
	return []prometheus.Collector{d.decided, d.took, d.refunds, d.settlements, d.upstream}
}

// Observe counts an answer, or what became of its charge. It is for
// [rationhttp.Gate]'s Observe, and what is like it.
func (d *decisions) Observe(_ context.Context, event rationhttp.Event) {
	switch event.FollowUp {
	case rationhttp.FollowUpRefund:
		d.refunds.WithLabelValues(traffic.ViaName(&event), followUpCode(event.Code)).Inc()
		return
	case rationhttp.FollowUpSettle:
		d.settlements.WithLabelValues(traffic.ViaName(&event), followUpCode(event.Code)).Inc()
		return
	case rationhttp.FollowUpFailed:
		d.upstream.WithLabelValues(followUpCode(event.Code)).Inc()
		return
	}
	via, code, counted := traffic.Names(&event)
	if !counted {
		return
	}
	route, known := d.routes[event.Route]
	if !known {
		route = other
	}
	d.decided.WithLabelValues(via, route, code).Inc()
	if event.Wait > 0 {
		d.took.WithLabelValues(via).Observe(event.Wait.Seconds())
	}
}

// followUpCodes are the codes of what happens after an answer.
var followUpCodes = []ration.Code{
	ration.CodeOK, ration.CodeRefundsExhausted, ration.CodeStoreUnavailable, ration.CodeOutcomeUnknown, ration.CodeClockSuspect,
	ration.CodeReservationUnknown, ration.CodeReservationConflict, ration.CodeReservationExpired, ration.CodeSettlementTooLarge,
	rationhttp.CodeInternal, rationhttp.CodeClientGone,
	"body_incomplete", "upstream_failed", "upstream_timeout", "upstream_unreachable",
}

func followUpCode(code ration.Code) string {
	if slices.Contains(followUpCodes, code) {
		return string(code)
	}
	return other
}

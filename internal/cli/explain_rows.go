package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// rows says what becomes of a request for people.
func (r *explainedRequest) rows() [][]string {
	switch r.Outcome {
	case "refused":
		return [][]string{{"outcome", "refused"}, {"answer", strconv.Itoa(r.Status) + " " + r.Code}, {"because", r.Detail}}
	case "preflight_answered":
		return [][]string{{"outcome", "a preflight that Ration answers, uncounted; the API never sees it"}, {"methods", strings.Join(r.Methods, ", ")}}
	}
	if r.Outcome == "page_answered" {
		return [][]string{{"outcome", "Ration answers with a page for people who hold a key, uncounted; the API never sees it"}, {"needs", r.needsText()}}
	}
	if r.Outcome == "usage_answered" {
		return [][]string{{"outcome", "Ration answers with what the key has used, uncounted; the API never sees it"}, {"needs", r.needsText()}}
	}
	rows := [][]string{{"outcome", strings.ReplaceAll(r.Outcome, "_", " ")}, {"route", r.routeText()}, {"needs", r.needsText()}}
	if r.NeedsKey {
		rows = append(rows, r.chargeRows()...)
	}
	if r.Beside {
		rows = append(rows, []string{"note", "no route matches this path, and other routes ask for more: if the API serves the same content at this path, through an alias, a rewrite or a parameter of its own, " +
			"only refuse_unmatched: true refuses that"})
	}
	return rows
}

func (r *explainedRequest) routeText() string {
	text := r.Route
	if r.Path != "" && r.Path != r.Route {
		text += " (" + r.Path + ")"
	}
	if r.Near {
		text += ", because the request is similar to it"
	}
	return text
}

func (r *explainedRequest) needsText() string {
	if !r.NeedsKey {
		return "no key"
	}
	text := "a key"
	if r.Scope != "" {
		text += " with scope " + r.Scope
	}
	if r.KeyParameter != "" {
		text += ", in a header or in the parameter " + r.KeyParameter
	}
	return text
}

// chargeRows says what a request costs that needs a key.
func (r *explainedRequest) chargeRows() [][]string {
	rows := [][]string{{"costs", amountsText(r.Amounts)}}
	if r.Reserve != nil {
		rows = append(rows, []string{"reserve", fmt.Sprintf("for %s, then %s; settled by what the API reports of %s, with more: %s",
			r.Reserve.TTL, r.Reserve.AtExpiry, strings.Join(r.Reserve.Settled, ", "), r.Reserve.Overage)})
	}
	refunds := "never"
	if len(r.Refunds) > 0 {
		refunds = "after " + strings.Join(r.Refunds, ", ")
	}
	return append(rows, []string{"refunds", refunds}, []string{"idempotency", r.Idempotency}, []string{"fail_open", strconv.FormatBool(r.FailOpen)})
}

// durationText leaves out parts that are zero: "15m0s" is "15m".
func durationText(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

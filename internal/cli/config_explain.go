package cli

import (
	"bufio"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/proxy"
)

// explainedRequest is what becomes of a request, in JSON.
type explainedRequest struct {
	// Outcome is refused, charged, reserved, free, preflight_answered or
	// preflight_passed_on.
	Outcome string `json:"outcome"`
	// Of a refusal.
	Status int    `json:"status,omitempty"`
	Code   string `json:"code,omitempty"`
	Detail string `json:"detail,omitempty"`

	Route        string            `json:"route,omitempty"` // its name; "unmatched" where none matches
	Path         string            `json:"path,omitempty"`  // the route's pattern
	Near         bool              `json:"near"`            // the path, or the method, is not the route's own
	NeedsKey     bool              `json:"needs_key"`
	Scope        string            `json:"scope,omitempty"`
	KeyParameter string            `json:"key_parameter,omitempty"` // of the URL, beside the headers
	Amounts      map[string]int64  `json:"amounts,omitempty"`       // charged or reserved
	Reserve      *explainedReserve `json:"reserve,omitempty"`
	Refunds      []string          `json:"refunds,omitempty"`
	Idempotency  string            `json:"idempotency,omitempty"` // off, on or required
	FailOpen     bool              `json:"fail_open"`
	Methods      []string          `json:"methods,omitempty"` // what a page may use
}

// explainedReserve is how a reservation ends, in JSON.
type explainedReserve struct {
	TTL      string   `json:"ttl"`
	AtExpiry string   `json:"at_expiry"`
	Over     string   `json:"over_settlement"`
	Settled  []string `json:"settled"` // meters of which the upstream reports what was used
}

// explainRequest shows what becomes of a request that a client sends by these
// words. It asks no database.
func (a *app) explainRequest(settings config.Config, args, header []string) error {
	request, err := readRequest(args, header)
	if err != nil {
		return err
	}
	if settings.Upstream == nil { // routes can be tried before there is one
		settings.Upstream = &url.URL{Scheme: "http", Host: "upstream.invalid"}
	}
	judge, err := configuredProxy(settings)
	if err != nil {
		return err
	}
	explanation, err := judge.Explain(request)
	if err != nil {
		return err
	}
	shown := describeRequest(explanation)
	rows := shown.rows()
	if request.Method == http.MethodOptions && len(header) == 0 {
		rows = append(rows, [2]string{"note", "a browser's preflight has more: give --header 'Origin: …' and --header 'Access-Control-Request-Method: …'"})
	}
	list := listing{value: shown, columns: []column{{name: "what"}, {name: "says"}}}
	for _, row := range rows {
		list.rows = append(list.rows, row[:])
	}
	return a.show(list)
}

// configuredProxy returns the proxy that the settings make, without an engine:
// what it can charge with is only called by requests that are served.
func configuredProxy(settings config.Config) (*proxy.Proxy, error) {
	made, err := newProxy(settings, newGate(settings, nil), slog.New(slog.DiscardHandler))
	if invalid, ok := errors.AsType[*ration.InvalidError](err); ok {
		return nil, &config.Error{Where: invalid.Field, Reason: invalid.Error()}
	}
	return made, err
}

// readRequest reads a request as a server does. No error shows the path, which
// may have a secret in it.
func readRequest(args, header []string) (*http.Request, error) {
	method, path := args[0], args[1]
	switch {
	case !strings.HasPrefix(path, "/"):
		return nil, usagef(`PATH begins with "/", as a client sends it, without scheme and host`)
	case strings.ContainsFunc(path, func(c rune) bool { return c <= ' ' || c == 0x7f }):
		return nil, usagef("PATH has a space or a control character, which no request line can have; write %%20 for a space")
	case method == "" || strings.ContainsFunc(method, func(c rune) bool { return c <= ' ' || c == 0x7f }):
		return nil, usagef("METHOD is %q: use a method such as GET", method)
	}
	head := method + " " + path + " HTTP/1.1\r\nHost: api.example\r\n"
	for _, line := range header {
		name, value, found := strings.Cut(line, ":")
		if !found || strings.Trim(name, " \t") != name || name == "" || strings.EqualFold(name, "Host") || strings.ContainsAny(value, "\r\n\x00") {
			return nil, usagef(`--header is "Name: value", such as 'Origin: https://app.example.com'`)
		}
		head += line + "\r\n"
	}
	request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head + "\r\n")))
	if fault, ok := errors.AsType[*url.Error](err); ok {
		return nil, usagef("PATH is refused by every server as malformed (400): %s", fault.Err)
	}
	if err != nil {
		return nil, usagef("METHOD or --header is refused by every server as malformed (400): %s", err)
	}
	return request, nil
}

func describeRequest(e proxy.Explanation) explainedRequest {
	switch {
	case e.Refusal != nil:
		return explainedRequest{Outcome: "refused", Status: e.Refusal.Status, Code: e.Refusal.Code, Detail: e.Refusal.Detail}
	case e.PageMethods != nil:
		return explainedRequest{Outcome: "preflight_answered", Methods: e.PageMethods}
	}
	shown := explainedRequest{Outcome: "free", Route: e.Route.Name, Path: e.Route.Path(), Near: e.Route.Near}
	if e.PassedPreflight {
		shown.Outcome = "preflight_passed_on"
	}
	if e.Route.Free {
		return shown
	}
	shown.Outcome, shown.NeedsKey, shown.Scope, shown.KeyParameter = "charged", true, e.Route.Scope, e.KeyParameter
	shown.Refunds, shown.FailOpen, shown.Idempotency = e.Route.Refunds.Outcomes(), e.Route.FailOpen, string(e.Route.Idempotency)
	if shown.Idempotency == "" {
		shown.Idempotency = "off"
	}
	shown.Amounts = make(map[string]int64, len(e.Amounts))
	for _, amount := range e.Amounts {
		shown.Amounts[amount.Meter] = amount.Units
	}
	if reserve := e.Route.Reserve; reserve != nil {
		shown.Outcome, shown.Reserve = "reserved", &explainedReserve{Over: string(reserve.Over)}
		hold := reserve.Hold
		if hold.TTL == 0 {
			hold.TTL = ration.DefaultReservationTTL
		}
		if hold.AtExpiry == "" {
			hold.AtExpiry = ration.AtExpiryKeep
		}
		shown.Reserve.TTL, shown.Reserve.AtExpiry = durationText(hold.TTL), string(hold.AtExpiry)
		for _, report := range reserve.Reports {
			shown.Reserve.Settled = append(shown.Reserve.Settled, report.Meter)
		}
	}
	return shown
}

// rows says the same for people.
func (e explainedRequest) rows() [][2]string {
	switch e.Outcome {
	case "refused":
		return [][2]string{{"outcome", "refused"}, {"answer", strconv.Itoa(e.Status) + " " + e.Code}, {"because", e.Detail}}
	case "preflight_answered":
		return [][2]string{{"outcome", "a preflight that Ration answers, uncounted; the API never sees it"}, {"methods", strings.Join(e.Methods, ", ")}}
	}
	route := e.Route
	if e.Path != "" && e.Path != e.Route {
		route += " (" + e.Path + ")"
	}
	if e.Near {
		route += ", because the request is near it"
	}
	rows := [][2]string{{"outcome", strings.ReplaceAll(e.Outcome, "_", " ")}, {"route", route}}
	if !e.NeedsKey {
		return append(rows, [2]string{"needs", "no key"})
	}
	needs := "a key"
	if e.Scope != "" {
		needs += " with scope " + e.Scope
	}
	if e.KeyParameter != "" {
		needs += ", in a header or in the parameter " + e.KeyParameter
	}
	rows = append(rows, [2]string{"needs", needs}, [2]string{"costs", amountsText(e.Amounts)})
	if e.Reserve != nil {
		rows = append(rows, [2]string{"reserve", fmt.Sprintf("for %s, then %s; settled by what the API reports of %s, with more: %s",
			e.Reserve.TTL, e.Reserve.AtExpiry, strings.Join(e.Reserve.Settled, ", "), e.Reserve.Over)})
	}
	refunds := "never"
	if len(e.Refunds) > 0 {
		refunds = "after " + strings.Join(e.Refunds, ", ")
	}
	return append(rows, [2]string{"refunds", refunds}, [2]string{"idempotency", e.Idempotency}, [2]string{"fail_open", strconv.FormatBool(e.FailOpen)})
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

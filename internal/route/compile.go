package route

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/ration-dev/ration"
)

// Compile checks a configuration and makes it ready. Its error joins a
// [ration.InvalidError] for each fault, whose field is a path such as "routes[2].amounts.tokens".
func Compile(config Config) (*Table, error) { return build(config, nil) }

// Check returns the error of [Compile] for routes some of which could not be read as a
// whole: unread has the names of the fields that could not, by the route's place, and
// an empty list if it was something else. It says nothing about those fields and what
// depends on them.
func Check(routes []Route, unread map[int][]string) error {
	_, err := build(Config{Routes: routes}, unread)
	return err
}

func build(config Config, unread map[int][]string) (*Table, error) {
	table := &Table{allowAmbiguous: config.AllowAmbiguous}
	if !config.RefuseUnmatched {
		table.unmatched = &Compiled{Name: unmatchedName, Refunds: config.Refunds}
	}
	var errs []error
	var positions []int // of the table's routes in the configuration
	for i, route := range config.Routes {
		if route.Refunds == nil && !route.Free {
			route.Refunds = &config.Refunds
		}
		fields, broken := unread[i]
		compiled, found := compile(route)
		for _, fault := range found.without(fields) {
			fault.Field = fmt.Sprintf("routes[%d].%s", i, fault.Field)
			errs = append(errs, fault)
		}
		if broken || found != nil {
			continue
		}
		for j, earlier := range table.routes {
			if earlier.covers(compiled) {
				errs = append(errs, &ration.InvalidError{
					Field: fmt.Sprintf("routes[%d].path", i), Value: route.Path,
					Reason: fmt.Sprintf("routes[%d] (%s) matches all its requests; put the narrower route first", positions[j], earlier.pattern.text),
				})
				break
			}
		}
		table.routes, positions = append(table.routes, compiled), append(positions, i)
	}
	if errs != nil {
		return nil, errors.Join(errs...)
	}
	return table, nil
}

// compile makes a route ready, or says everything that is wrong with it.
func compile(route Route) (*Compiled, faults) {
	parsed, found := checkPlace(route)
	compiled := &Compiled{
		Name: route.Name, Free: route.Free, Scope: route.Scope, KeyQuery: route.KeyQuery, FailOpen: route.FailOpen, NoRewrite: route.NoRewrite,
		Idempotency: route.Idempotency, methods: slices.Clone(route.Methods), pattern: parsed,
	}
	if compiled.Name == "" {
		compiled.Name = route.Path
	}
	if slices.Contains(compiled.methods, http.MethodGet) && !slices.Contains(compiled.methods, http.MethodHead) {
		compiled.methods = append(compiled.methods, http.MethodHead)
	}
	switch route.Idempotency {
	case IdempotencyOff, IdempotencyOn, IdempotencyRequired:
	default:
		found.add("idempotency", string(route.Idempotency), "use on or required")
	}
	if route.Free {
		return compiled, append(found, checkFree(route, parsed)...)
	}
	if route.Scope != "" && ration.ValidateScope(route.Scope) != nil {
		found.add("scope", route.Scope, `a scope is 1 to 100 visible ASCII characters without '"' and '\'`)
	}
	if route.Refunds != nil {
		compiled.Refunds = *route.Refunds
	}
	var more faults
	compiled.Amounts, more = compileAmounts(route.Amounts)
	found = append(found, more...)
	if route.Reserve != nil {
		compiled.Reserve, more = route.Reserve.compile(compiled.Amounts)
		found = append(found, more...)
	}
	if found == nil {
		compiled.near = nearly(compiled)
	}
	return compiled, found
}

// checkPlace reads where a route is: its path and methods.
func checkPlace(route Route) (parsed pattern, found faults) {
	parsed, err := parsePattern(route.Path)
	if err != nil {
		found.add("path", route.Path, err.Error())
	}
	for i, method := range route.Methods {
		if reason := wrongMethod(method); reason != "" {
			found.add(fmt.Sprintf("methods[%d]", i), method, reason)
		}
	}
	return parsed, found
}

// checkFree refuses what a free route would silently ignore, and patterns that
// make more public than they show.
func checkFree(route Route, parsed pattern) (found faults) {
	if parsed.wild {
		found.add("path", route.Path, `a free path is exact or ends in "/*"; it has no other "*"`)
	}
	for _, row := range []struct {
		given        bool
		field, value string
	}{
		{len(route.Amounts) > 0, "amounts", ""},
		{route.Scope != "", "scope", route.Scope},
		{route.KeyQuery != "", "key_query", route.KeyQuery},
		{route.FailOpen, "fail_open", "true"},
		{route.Refunds != nil && !route.Refunds.IsZero(), "refunds", ""},
		{route.Idempotency != IdempotencyOff, "idempotency", string(route.Idempotency)},
		{route.Reserve != nil, "reserve", ""},
	} {
		if row.given {
			found.add(row.field, row.value, "a free route asks for no key and counts nothing")
		}
	}
	if route.NoRewrite {
		found.add("no_rewrite", "true", "answers of a free route are never rewritten")
	}
	return found
}

func compileAmounts(amounts map[string]ration.Amount) (compiled []ration.Amount, found faults) {
	compiled = make([]ration.Amount, 0, len(amounts))
	for _, meter := range slices.SortedFunc(maps.Keys(amounts), ration.CompareMeters) {
		if ration.ValidateMeter(meter) != nil {
			found.add("amounts", meter, "a meter is 1 to 64 lower-case letters, digits, '_', '-' and '.', starting with a letter")
		}
		amount := amounts[meter]
		amount.Meter = meter
		if amount.Units < 0 || ration.Unit(0).Of(amount.Units, amount.Unit) > ration.MaxUnits {
			found.add("amounts."+meter, amount.Text(), "use a number from 0 to 9007199254740992")
		}
		if meter == ration.MeterRequests && amount.Unit > 0 {
			found.add("amounts."+meter, amount.Text(), "requests are counted one by one; use a whole number")
		}
		compiled = append(compiled, amount)
	}
	_, named := amounts[ration.MeterRequests]
	if meters := len(compiled); meters > ration.MaxMetersPerCharge || meters == ration.MaxMetersPerCharge && !named {
		found.add("amounts", "", fmt.Sprintf("a charge can name at most %d meters, requests included", ration.MaxMetersPerCharge))
	}
	if len(compiled) == 0 {
		return nil, found
	}
	return compiled, found
}

// wrongMethod says why no request has a method, or "".
func wrongMethod(text string) string {
	switch {
	case text == "ANY" || text == "ALL" || text == wildcard:
		return "leave methods out: then the route matches all of them"
	case text == "" || len(text) > 32 || strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_") != "":
		return "write a method in upper-case letters, such as GET"
	}
	return ""
}

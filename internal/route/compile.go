package route

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/ration-dev/ration"
)

// Compile checks a configuration and makes it ready. Its error joins a
// [ration.InvalidError] of each route that is wrong, whose field is a path such as "routes[2].amounts.tokens".
func Compile(config Config) (*Table, error) {
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
		compiled, err := compile(route)
		if err != nil {
			err.Field = fmt.Sprintf("routes[%d].%s", i, err.Field)
			errs = append(errs, err)
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

func compile(route Route) (*Compiled, *ration.InvalidError) {
	parsed, err := parsePattern(route.Path)
	if err != nil {
		return nil, &ration.InvalidError{Field: "path", Value: route.Path, Reason: err.Error()}
	}
	for i, method := range route.Methods {
		if reason := wrongMethod(method); reason != "" {
			return nil, &ration.InvalidError{Field: fmt.Sprintf("methods[%d]", i), Value: method, Reason: reason}
		}
	}
	compiled := &Compiled{
		Name: route.Name, Free: route.Free, Scope: route.Scope, KeyQuery: route.KeyQuery, FailOpen: route.FailOpen, NoRewrite: route.NoRewrite,
		methods: slices.Clone(route.Methods), pattern: parsed,
	}
	if compiled.Name == "" {
		compiled.Name = route.Path
	}
	if slices.Contains(compiled.methods, http.MethodGet) && !slices.Contains(compiled.methods, http.MethodHead) {
		compiled.methods = append(compiled.methods, http.MethodHead)
	}
	switch compiled.Idempotency = route.Idempotency; route.Idempotency {
	case IdempotencyOff, IdempotencyOn, IdempotencyRequired:
	default:
		return nil, &ration.InvalidError{Field: "idempotency", Value: string(route.Idempotency), Reason: "use on or required"}
	}
	if route.Free {
		return compiled, checkFree(route, parsed)
	}
	if route.Scope != "" && ration.ValidateScope(route.Scope) != nil {
		return nil, &ration.InvalidError{Field: "scope", Value: route.Scope, Reason: `a scope is 1 to 100 visible ASCII characters without '"' and '\'`}
	}
	if route.Refunds != nil {
		compiled.Refunds = *route.Refunds
	}
	var invalid *ration.InvalidError
	compiled.Amounts, invalid = compileAmounts(route.Amounts)
	if invalid == nil && route.Reserve != nil {
		compiled.Reserve, invalid = route.Reserve.compile(compiled.Amounts)
	}
	compiled.near = nearly(compiled)
	return compiled, invalid
}

// checkFree refuses what a free route would silently ignore, and patterns that
// make more public than they show.
func checkFree(route Route, parsed pattern) *ration.InvalidError {
	wrong := func(field, value string) *ration.InvalidError {
		return &ration.InvalidError{Field: field, Value: value, Reason: "a free route asks for no key and counts nothing"}
	}
	switch {
	case parsed.wild:
		return &ration.InvalidError{Field: "path", Value: route.Path, Reason: `a free path is exact or ends in "/*"; it has no other "*"`}
	case len(route.Amounts) > 0:
		return wrong("amounts", "")
	case route.Scope != "":
		return wrong("scope", route.Scope)
	case route.KeyQuery != "":
		return wrong("key_query", route.KeyQuery)
	case route.FailOpen:
		return wrong("fail_open", "true")
	case route.Refunds != nil && !route.Refunds.IsZero():
		return wrong("refunds", "")
	case route.Idempotency != IdempotencyOff:
		return wrong("idempotency", string(route.Idempotency))
	case route.Reserve != nil:
		return wrong("reserve", "")
	case route.NoRewrite:
		return &ration.InvalidError{Field: "no_rewrite", Value: "true", Reason: "answers of a free route are never rewritten"}
	}
	return nil
}

func compileAmounts(amounts map[string]int64) ([]ration.Amount, *ration.InvalidError) {
	compiled := make([]ration.Amount, 0, len(amounts))
	for _, meter := range slices.SortedFunc(maps.Keys(amounts), ration.CompareMeters) {
		field := "amounts." + meter
		if ration.ValidateMeter(meter) != nil {
			return nil, &ration.InvalidError{Field: "amounts", Value: meter, Reason: "a meter is 1 to 64 lower-case letters, digits, '_', '-' and '.', starting with a letter"}
		}
		if units := amounts[meter]; units < 0 || units > ration.MaxUnits {
			return nil, &ration.InvalidError{Field: field, Value: strconv.FormatInt(units, 10), Reason: "use a whole number from 0 to 9007199254740992"}
		}
		compiled = append(compiled, ration.Amount{Meter: meter, Units: amounts[meter]})
	}
	_, named := amounts[ration.MeterRequests]
	if meters := len(compiled); meters > ration.MaxMetersPerCharge || meters == ration.MaxMetersPerCharge && !named {
		return nil, &ration.InvalidError{Field: "amounts", Reason: fmt.Sprintf("a charge can name at most %d meters, requests included", ration.MaxMetersPerCharge)}
	}
	if len(compiled) == 0 {
		return nil, nil
	}
	return compiled, nil
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

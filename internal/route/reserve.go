package route

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/rewrite"
)

// Reserve makes a route's charges reservations, which are settled by what the
// upstream reports.
type Reserve struct {
	TTL      time.Duration   // 0: [ration.DefaultReservationTTL]
	AtExpiry ration.AtExpiry // empty: [ration.AtExpiryKeep]
	// Overage says what becomes of a report of more than was reserved. Empty, and
	// [ration.OverageRefuse], which would leave the reservation open: [ration.OverageClamp].
	Overage ration.Overage
	// Reports are where the upstream says what was used, by meter.
	Reports map[string]Report
}

// Report says where an answer tells how much was used of a meter, as a whole
// number. Of several places the header counts first. At least one is set.
type Report struct {
	Header string // of a header field
	JSON   string // a JSON pointer into a JSON answer
	SSE    string // a JSON pointer into the last event of a stream that has it
}

// CompiledReserve is a Reserve as it is used. It must not be changed.
type CompiledReserve struct {
	Hold    ration.Hold
	Overage ration.Overage
	Reports []CompiledReport // sorted by meter
}

// CompiledReport is a Report as it is used.
type CompiledReport struct {
	Meter  string
	Header string // canonical; empty: none
	JSON   *rewrite.Pointer
	SSE    *rewrite.Pointer
}

// ReadsBodies reports whether what was used may stand in an answer's body.
func (r *CompiledReserve) ReadsBodies() bool {
	return slices.ContainsFunc(r.Reports, func(report CompiledReport) bool { return report.JSON != nil || report.SSE != nil })
}

// compile checks what is reserved against the amounts that a route charges.
func (r *Reserve) compile(amounts []ration.Amount) (compiled *CompiledReserve, found faults) {
	compiled = &CompiledReserve{Hold: ration.Hold{TTL: r.TTL, AtExpiry: r.AtExpiry}, Overage: r.Overage}
	if _, err := compiled.Hold.Normalize(time.Now()); err != nil {
		found = append(found, within("reserve", err))
	}
	over, err := ration.ParseOverage(string(r.Overage))
	if err != nil {
		found = append(found, within("reserve", err))
	}
	if compiled.Overage = over; over == ration.OverageRefuse {
		compiled.Overage = ration.OverageClamp
	}
	if len(r.Reports) == 0 {
		found.add("settle", "", "say where the upstream reports what was used")
	}
	for _, meter := range slices.SortedFunc(maps.Keys(r.Reports), ration.CompareMeters) {
		if !reserves(amounts, meter) {
			found.add("settle", meter, "the route's amounts reserve nothing on this meter")
		}
		report, err := r.Reports[meter].compile(meter)
		if err != nil {
			found = append(found, within("settle."+meter, err))
		}
		compiled.Reports = append(compiled.Reports, report)
	}
	return compiled, found
}

func (r Report) compile(meter string) (CompiledReport, error) {
	compiled := CompiledReport{Meter: meter, Header: http.CanonicalHeaderKey(r.Header)}
	if r == (Report{}) {
		return CompiledReport{}, &ration.InvalidError{Field: "header", Reason: "say where the upstream reports it: header, json or sse"}
	}
	if r.Header != "" && !isToken(r.Header) {
		return CompiledReport{}, &ration.InvalidError{Field: "header", Value: r.Header, Reason: `use the name of a header, such as "X-Tokens-Used"`}
	}
	for _, place := range []struct {
		text string
		to   **rewrite.Pointer
	}{{r.JSON, &compiled.JSON}, {r.SSE, &compiled.SSE}} {
		if place.text == "" {
			continue
		}
		pointer, err := rewrite.ParsePointer(place.text)
		if err != nil {
			return CompiledReport{}, err
		}
		*place.to = &pointer
	}
	return compiled, nil
}

// reserves reports whether a charge takes anything of a meter.
func reserves(amounts []ration.Amount, meter string) bool {
	for _, amount := range amounts {
		if amount.Meter == meter {
			return amount.Units > 0
		}
	}
	return meter == ration.MeterRequests
}

// within names the part of a route that an error speaks of.
func within(part string, err error) *ration.InvalidError {
	if invalid, ok := errors.AsType[*ration.InvalidError](err); ok {
		return &ration.InvalidError{Field: fmt.Sprintf("%s.%s", part, invalid.Field), Value: invalid.Value, Reason: invalid.Reason}
	}
	return &ration.InvalidError{Field: part, Reason: err.Error()}
}

// isToken reports whether text is a token (RFC 9110, section 5.6.2), as names of
// headers are.
func isToken(text string) bool {
	const others = "!#$%&'*+-.^_`|~"
	return text != "" && !strings.ContainsFunc(text, func(c rune) bool {
		return (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && !strings.ContainsRune(others, c)
	})
}

package rationhttp

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/ration-dev/ration"
)

// Refunds says after which outcomes of a request its charge is given back. The zero
// Refunds gives nothing back.
type Refunds struct {
	// Unreachable is the outcome that nothing could be sent to the upstream.
	Unreachable bool
	// Timeout is the outcome that the upstream did not begin its answer in time.
	Timeout bool
	// Statuses are the statuses of answers, from 400 to 599, no matter whether the
	// application, its upstream or Ration answers.
	Statuses []int
}

// The words for outcomes that are not statuses.
const (
	refundUnreachable = "unreachable"
	refundTimeout     = "timeout"
)

// DefaultRefunds returns the outcomes after which a request most likely did nothing:
// 502, 503, 504, and a request that could not be sent at all.
func DefaultRefunds() Refunds {
	return Refunds{Unreachable: true, Statuses: []int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}}
}

// ParseRefunds reads outcomes: "unreachable", "timeout" or a status from 400 to
// 599. Its error joins a [ration.InvalidError] for each other text.
func ParseRefunds(outcomes []string) (Refunds, error) {
	var refunds Refunds
	var errs []error
	for _, outcome := range outcomes {
		switch outcome {
		case refundUnreachable:
			refunds.Unreachable = true
		case refundTimeout:
			refunds.Timeout = true
		default:
			status, err := strconv.Atoi(outcome)
			if err != nil || status < 400 || status > 599 || len(outcome) != len("400") {
				errs = append(errs, &ration.InvalidError{Field: "refunds", Value: outcome, Reason: "use unreachable, timeout, or a status from 400 to 599"})
				continue
			}
			refunds.Statuses = append(refunds.Statuses, status)
		}
	}
	if errs != nil {
		return Refunds{}, errors.Join(errs...)
	}
	return refunds, nil
}

// Outcomes returns the outcomes in the form that [ParseRefunds] reads.
func (r Refunds) Outcomes() []string {
	var outcomes []string
	if r.Unreachable {
		outcomes = append(outcomes, refundUnreachable)
	}
	if r.Timeout {
		outcomes = append(outcomes, refundTimeout)
	}
	for _, status := range r.Statuses {
		outcomes = append(outcomes, strconv.Itoa(status))
	}
	return outcomes
}

// IsZero reports whether nothing is ever given back.
func (r Refunds) IsZero() bool { return !r.Unreachable && !r.Timeout && len(r.Statuses) == 0 }

// After reports whether a charge is given back after an answer of a status.
func (r Refunds) After(status int) bool { return slices.Contains(r.Statuses, status) }

package faults

import (
	"errors"

	"github.com/ration-dev/ration"
)

// outcome is what a caller knows of a charge.
type outcome int

const (
	admitted outcome = iota
	denied
	refused // ErrStoreUnavailable: nothing was charged
	unknown // ErrOutcomeUnknown
	odd     // anything else, which must not be
	outcomes
)

// tally counts calls by outcome.
type tally [outcomes]int64

func (t *tally) decided() int64 { return t[admitted] + t[denied] }
func (t *tally) failed() int64  { return t[refused] + t[unknown] + t[odd] }
func (t *tally) all() int64     { return t.decided() + t.failed() }

func outcomeOf(decision *ration.Decision, err error) outcome {
	switch {
	case errors.Is(err, ration.ErrOutcomeUnknown):
		return unknown
	case errors.Is(err, ration.ErrStoreUnavailable):
		return refused
	case err != nil:
		return odd
	case decision.Allowed():
		return admitted
	case decision.Code == ration.CodeQuotaExceeded:
		return denied
	}
	return odd
}

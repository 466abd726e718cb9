package ration_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/ration-dev/ration"
)

func TestCodesAndErrorsLeadToEachOther(t *testing.T) {
	for _, err := range []error{
		ration.ErrStoreUnavailable, ration.ErrOutcomeUnknown, ration.ErrClockSuspect,
		ration.ErrReservationUnknown, ration.ErrReservationConflict, ration.ErrReservationExpired, ration.ErrSettlementTooLarge,
		ration.ErrIdempotencyMismatch, ration.ErrRefundsExhausted,
		ration.ErrNotFound, ration.ErrExists, ration.ErrConflict,
	} {
		code := ration.CodeOf(fmt.Errorf("charging: %w", err))
		if code == "" || !errors.Is(code.Err(), err) {
			t.Errorf("%q has the code %q, which stands for %v", err, code, code.Err())
		}
	}
}

func TestACodeOfADecisionIsNoError(t *testing.T) {
	for _, code := range []ration.Code{ration.CodeOK, ration.CodeKeyUnknown, ration.CodeQuotaExceeded, ration.CodeCostExceedsLimit, "", "of_another_version"} {
		if err := code.Err(); err != nil {
			t.Errorf("%q stands for %v, want no error", code, err)
		}
	}
}

func TestAnErrorOfSeveralHasTheCodeThatPromisesLeast(t *testing.T) {
	for _, row := range []struct {
		err  error
		want ration.Code
	}{
		{nil, ""},
		{errors.New("of somebody else"), ""},
		{&ration.InvalidError{Field: "scope", Reason: "use another"}, ""},
		{fmt.Errorf("%w: %w", ration.ErrStoreUnavailable, ration.ErrClosed), ration.CodeStoreUnavailable},
		{ration.ErrClosed, ration.CodeStoreUnavailable},
		{fmt.Errorf("%w: %w", ration.ErrStoreUnavailable, ration.ErrOutcomeUnknown), ration.CodeOutcomeUnknown},
		{fmt.Errorf("%w: %w", ration.ErrOutcomeUnknown, ration.ErrStoreUnavailable), ration.CodeOutcomeUnknown},
		{errors.Join(errors.New("closing"), ration.ErrClockSuspect), ration.CodeClockSuspect},
	} {
		if got := ration.CodeOf(row.err); got != row.want {
			t.Errorf("%v has the code %q, want %q", row.err, got, row.want)
		}
	}
}

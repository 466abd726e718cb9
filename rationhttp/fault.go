package rationhttp

import (
	"errors"
	"net/http"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
)

// fault is an error that is the client's doing, and how it is told.
type fault struct {
	err    error
	status int
	code   string
	detail string
}

var faults = []fault{
	{ErrConflictingKeys, http.StatusBadRequest, CodeInvalidRequest, "Two different API keys were sent; send one."},
	{ErrKeyInURL, http.StatusBadRequest, CodeKeysInURL, "API keys are not taken from the URL, where logs keep them; send the key in a header."},
	{ErrIdempotencyKey, http.StatusBadRequest, CodeInvalidIdempotencyKey, "Send one Idempotency-Key of 1 to 255 bytes of UTF-8 without control characters."},
	{ration.ErrIdempotencyMismatch, http.StatusUnprocessableEntity, string(ration.CodeIdempotencyMismatch), "The Idempotency-Key came with another request before; send a new one with a new request."},
	{ration.ErrReservationUnknown, http.StatusNotFound, string(ration.CodeReservationUnknown), "There is no such reservation."},
	{ration.ErrReservationConflict, http.StatusConflict, string(ration.CodeReservationConflict), "The reservation ended otherwise, or was made for something else."},
	{ration.ErrReservationExpired, http.StatusConflict, string(ration.CodeReservationExpired), "The reservation expired too long ago to be settled or voided."},
	{ration.ErrSettlementTooLarge, http.StatusConflict, string(ration.CodeSettlementTooLarge), "The settlement is for more than was reserved."},
}

// faultOf returns the client's fault that an error is, or nil.
func faultOf(err error) *fault {
	for i := range faults {
		if errors.Is(err, faults[i].err) {
			return &faults[i]
		}
	}
	return nil
}

func (f *fault) problem() api.Problem {
	return api.Problem{Status: f.status, Code: f.code, Detail: f.detail}
}

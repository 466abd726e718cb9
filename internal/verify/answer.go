package verify

import (
	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/wire"
	"github.com/ration-dev/ration/rationhttp"
)

// answerOf puts a decision into wire types.
func answerOf(decision *ration.Decision, response rationhttp.Response) *api.VerifyResponse {
	answer := &api.VerifyResponse{
		Allowed: decision.Allowed(), Code: string(decision.Code), DryRun: decision.DryRun, Replayed: decision.Replayed,
		Limits:   make([]api.Limit, len(decision.Limits)),
		Response: api.ClientResponse{Status: response.Status, Headers: make(map[string]string, len(response.Fields)), Body: string(response.Body)},
	}
	if !decision.KeyID.IsZero() {
		answer.Key = &api.Key{ID: decision.KeyID.String(), Name: decision.KeyName, Owner: decision.Owner, Plan: decision.Plan}
	}
	for i := range decision.Limits {
		answer.Limits[i] = wire.LimitStatus(&decision.Limits[i])
	}
	answer.RetryAfter = wire.Seconds(decision.RetryAfter)
	for _, field := range response.Fields {
		answer.Response.Headers[field.Name] = field.Value
	}
	return answer
}

// reserved is the answer to whoever reserves; r is nil if nothing was.
func reserved(answer *api.VerifyResponse, r *ration.Reservation) *api.ReserveResponse {
	response := &api.ReserveResponse{VerifyResponse: *answer}
	if r != nil {
		response.Reservation = new(wire.Reservation(*r))
	}
	return response
}

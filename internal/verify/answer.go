package verify

import (
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/rationhttp"
)

// answerOf puts a decision into wire types.
func answerOf(decision *ration.Decision, response rationhttp.Response) *api.VerifyResponse {
	answer := &api.VerifyResponse{
		Allowed: decision.Allowed(), Code: string(decision.Code), DryRun: decision.DryRun,
		Limits:   make([]api.Limit, len(decision.Limits)),
		Response: api.ClientResponse{Status: response.Status, Headers: make(map[string]string, len(response.Fields)), Body: string(response.Body)},
	}
	if !decision.KeyID.IsZero() {
		answer.Key = &api.Key{ID: decision.KeyID.String(), Name: decision.KeyName, Owner: decision.Owner, Plan: decision.Plan}
	}
	for i := range decision.Limits {
		answer.Limits[i] = limitOf(&decision.Limits[i])
	}
	if decision.RetryAfter > 0 {
		seconds := int64((decision.RetryAfter-1)/time.Second) + 1 // up: nobody is told to come too early
		answer.RetryAfter = &seconds
	}
	for _, field := range response.Fields {
		answer.Response.Headers[field.Name] = field.Value
	}
	return answer
}

func limitOf(status *ration.LimitStatus) api.Limit {
	limit := api.Limit{
		Name: status.Name, Meter: status.Meter, Kind: string(status.Kind), Period: string(status.Period),
		Limit: status.Size(), Used: status.Used, Reserved: status.Reserved, Remaining: status.Remaining,
	}
	if !status.ResetsAt.IsZero() {
		resets := status.ResetsAt.UTC()
		limit.ResetsAt = &resets
	}
	return limit
}

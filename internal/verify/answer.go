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
		Allowed: decision.Allowed(), Code: string(decision.Code), DryRun: decision.DryRun, Replayed: decision.Replayed,
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
	return api.Limit{
		Name: status.Name, Meter: status.Meter, Kind: string(status.Kind), Period: string(status.Period),
		Limit: status.Size(), Used: status.Used, Reserved: status.Reserved, Remaining: status.Remaining,
		ResetsAt: instant(status.ResetsAt),
	}
}

// reserved is the answer to whoever reserves; r is nil if nothing was.
func reserved(answer *api.VerifyResponse, r *ration.Reservation) *api.ReserveResponse {
	response := &api.ReserveResponse{VerifyResponse: *answer}
	if r != nil {
		response.Reservation = reservationOf(r)
	}
	return response
}

// reservationOf puts a reservation into wire types.
func reservationOf(r *ration.Reservation) *api.Reservation {
	shown := &api.Reservation{
		ID: r.ID.String(), Key: r.KeyID.String(), State: string(r.State), AtExpiry: string(r.AtExpiry),
		Held: make(map[string]int64, len(r.Held)), CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(),
		EndedAt: instant(r.EndedAt), LateAt: instant(r.LateAt),
	}
	for i := range r.Held {
		shown.Held[r.Held[i].Meter] = r.Held[i].Units
	}
	if r.Settled != nil {
		shown.Settled = make(map[string]int64, len(r.Settled))
	}
	for _, amount := range r.Settled {
		shown.Settled[amount.Meter] = amount.Units
	}
	return shown
}

// instant returns a time in UTC, or nil for none.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return new(t.UTC())
}

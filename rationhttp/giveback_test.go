package rationhttp_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationhttp"
)

func TestParseRefunds(t *testing.T) {
	for _, row := range []struct {
		name     string
		outcomes []string
		want     rationhttp.Refunds
		fails    bool
	}{
		{"nothing", nil, rationhttp.Refunds{}, false},
		{"the default", []string{"unreachable", "502", "503", "504"}, rationhttp.DefaultRefunds(), false},
		{"words", []string{"timeout", "unreachable"}, rationhttp.Refunds{Timeout: true, Unreachable: true}, false},
		{"the first and the last status", []string{"400", "599"}, rationhttp.Refunds{Statuses: []int{400, 599}}, false},
		{"success", []string{"200"}, rationhttp.Refunds{}, true},
		{"no status", []string{"600"}, rationhttp.Refunds{}, true},
		{"a sign", []string{"+503"}, rationhttp.Refunds{}, true},
		{"another word", []string{"5xx"}, rationhttp.Refunds{}, true},
		{"nothing between commas", []string{"503", ""}, rationhttp.Refunds{}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := rationhttp.ParseRefunds(row.outcomes)
			if diff := cmp.Diff(row.want, got); diff != "" || (err != nil) != row.fails {
				t.Errorf("error %v, (-want +got):\n%s", err, diff)
			}
			if _, invalid := errors.AsType[*ration.InvalidError](err); row.fails && !invalid {
				t.Errorf("got %v", err)
			}
			if got.IsZero() != (len(row.outcomes) == 0 || row.fails) {
				t.Errorf("zero: %t", got.IsZero())
			}
		})
	}
}

// askAndGiveBack puts a question and gives back what it was charged.
func askAndGiveBack(charger rationhttp.Charger) (rationhttp.Answer, []rationhttp.Event, error) {
	var events []rationhttp.Event
	gate := rationhttp.Gate{Charger: charger, Observe: func(_ context.Context, event rationhttp.Event) {
		event.Wait = 0
		events = append(events, event)
	}}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-API-Key", "k1")
	question := rationhttp.Question{Via: "proxy", Route: "/", RequestID: "r-1", Refundable: true}
	answer := gate.Ask(r.Context(), gate.CallerOf(r, question), question)
	gone, cancel := context.WithCancel(r.Context())
	cancel()
	err := gate.GiveBack(gone, &question, &answer)
	return answer, events, err
}

func TestAnAnswerTellsWhatARefundLeaves(t *testing.T) {
	charger := &fakeCharger{decision: refundable()}
	answer, events, err := askAndGiveBack(charger)
	if err != nil || !charger.charges[0].Refundable || charger.refunds() != 1 {
		t.Fatalf("%v after %d refunds", err, charger.refunds())
	}
	if got := answer.Response.Field("RateLimit"); got != `"requests-day";r=600;t=43200, "requests-rate-second";r=17;t=1` {
		t.Errorf("RateLimit: %s", got)
	}
	if kept := charger.decision.Limits[0].Used; kept != 401 {
		t.Errorf("what may be remembered was changed to %d", kept)
	}
	if diff := cmp.Diff([]rationhttp.Event{
		{Via: "proxy", Route: "/", RequestID: "r-1", KeyID: charger.decision.KeyID, Code: "ok"},
		{Via: "proxy", Route: "/", RequestID: "r-1", KeyID: charger.decision.KeyID, FollowUp: "refund", Code: "ok", Refunded: true},
	}, events); diff != "" {
		t.Errorf("observed (-want +got):\n%s", diff)
	}
}

func TestAnAnswerTellsWhatIsNoLongerReserved(t *testing.T) {
	charger := &fakeCharger{decision: refundable()}
	charger.decision.Limits[0].Reserved, charger.decision.Limits[0].Remaining = 1, 598
	charger.decision.Receipt.Reservation = ration.NewReservationID()
	answer, _, err := askAndGiveBack(charger)
	if err != nil || charger.receipts[0].Reservation.IsZero() {
		t.Fatalf("%v by receipt %+v", err, charger.receipts)
	}
	if got := answer.Decision.Limits[0]; got.Used != 401 || got.Reserved != 0 || got.Remaining != 599 {
		t.Errorf("%d used, %d reserved, %d remaining", got.Used, got.Reserved, got.Remaining)
	}
}

func TestAChargeThatCannotBeGivenBackStays(t *testing.T) {
	lost := errors.New("the connection was lost")
	for _, row := range []struct {
		name  string
		err   error
		event rationhttp.Event
	}{
		{"as much as may be was given back", ration.ErrRefundsExhausted, rationhttp.Event{Code: "refunds_exhausted"}},
		{"the outcome is unknown", fmt.Errorf("%w: %w", ration.ErrOutcomeUnknown, lost), rationhttp.Event{Code: "outcome_unknown", Err: lost}},
		{"the store is out of reach", fmt.Errorf("%w: %w", ration.ErrStoreUnavailable, lost), rationhttp.Event{Code: "store_unavailable", Err: lost}},
	} {
		t.Run(row.name, func(t *testing.T) {
			charger := &fakeCharger{decision: refundable(), refundErr: row.err}
			answer, events, err := askAndGiveBack(charger)
			if !errors.Is(err, row.err) || charger.refunds() != 1 {
				t.Errorf("%v after %d refunds", err, charger.refunds())
			}
			if got := answer.Response.Field("RateLimit"); got != `"requests-day";r=599;t=43200, "requests-rate-second";r=17;t=1` {
				t.Errorf("RateLimit: %s", got)
			}
			got := events[1]
			if got.Code != row.event.Code || got.Refunded || got.FollowUp != "refund" || !errors.Is(got.Err, row.event.Err) || (got.Err == nil) != (row.event.Err == nil) {
				t.Errorf("observed %+v", got)
			}
		})
	}
}

func TestNothingIsGivenBackThatWasNotCharged(t *testing.T) {
	for name, decision := range map[string]ration.Decision{
		"denied":           {Code: ration.CodeQuotaExceeded},
		"without receipt":  allowed(),
		"no decision made": {},
	} {
		t.Run(name, func(t *testing.T) {
			charger := &fakeCharger{decision: decision}
			if _, _, err := askAndGiveBack(charger); !errors.Is(err, rationhttp.ErrNotRefundable) || charger.refunds() != 0 {
				t.Errorf("%v after %d refunds", err, charger.refunds())
			}
		})
	}
	unable := struct{ rationhttp.Charger }{&fakeCharger{decision: refundable()}}
	if _, _, err := askAndGiveBack(unable); !errors.Is(err, rationhttp.ErrNotRefundable) {
		t.Errorf("by a charger that can't: %v", err)
	}
}

// stuck is a charger whose refunds get no answer.
type stuck struct{ *fakeCharger }

func (s stuck) Refund(ctx context.Context, _ ration.Receipt) error {
	<-ctx.Done()
	return fmt.Errorf("%w: %w", ration.ErrOutcomeUnknown, ctx.Err())
}

func TestAnAnswerDoesNotWaitLongForARefund(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		answer, _, err := askAndGiveBack(stuck{&fakeCharger{decision: refundable()}})
		if waited := time.Since(start); waited != rationhttp.RefundTimeout || !errors.Is(err, ration.ErrOutcomeUnknown) {
			t.Errorf("%v after %s", err, waited)
		}
		if got := answer.Decision.Limits[0].Used; got != 401 {
			t.Errorf("the answer tells of %d used", got)
		}
	})
}

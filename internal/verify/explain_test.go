package verify_test

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/verify"
)

// fakeExplainer remembers what it was asked.
type fakeExplainer struct{ asked *admin.ExplainQuestion }

func (f *fakeExplainer) ExplainKey(_ context.Context, question admin.ExplainQuestion) (admin.Explanation, error) {
	f.asked = &question
	r := held()
	return admin.Explanation{
		At: noon, PeriodZone: "UTC", Code: ration.CodeQuotaExceeded, RetryAfter: 1500 * time.Millisecond,
		Limits: []admin.LimitExplanation{{
			LimitStatus: ration.LimitStatus{Limit: ration.Limit{Name: "tokens-day", Meter: "tokens", Kind: ration.KindQuota, Period: ration.PeriodDay, Quantity: 5000}, Reserved: 4000, Remaining: 1000},
			Asked:       1200, Code: ration.CodeQuotaExceeded, Plan: "free", RetryAfter: 1500 * time.Millisecond,
			Holds: []admin.OpenHold{{Reservation: r.ID, Units: 4000, ExpiresAt: r.ExpiresAt}},
		}},
		Reservations: []ration.Reservation{r},
	}, nil
}

func TestOnlyADryRunSaysWhy(t *testing.T) {
	for _, row := range []struct {
		name, body string
		decided    ration.Decision
		explained  bool
	}{
		{"a dry run", `{"secret":"a","amounts":{"tokens":1200},"scope":"ask","dry_run":true}`, ration.Decision{Code: ration.CodeQuotaExceeded, KeyID: ration.KeyID{1}, DryRun: true}, true},
		{"a dry run of an unknown key", `{"secret":"a","dry_run":true}`, ration.Decision{Code: ration.CodeKeyUnknown, DryRun: true}, false},
		{"a charge", `{"secret":"a"}`, ration.Decision{Code: ration.CodeOK, KeyID: ration.KeyID{1}}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			explainer := &fakeExplainer{}
			charger := &fakeCharger{decision: row.decided}
			w := call(verify.Config{Charger: charger, Explain: explainer}, http.MethodPost, verify.Path, row.body)
			var answer api.VerifyResponse
			if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
				t.Fatalf("%d %s: %v", w.Code, w.Body, err)
			}
			if got := answer.Explanation != nil; got != row.explained || (explainer.asked != nil) != row.explained {
				t.Fatalf("explained: %t (asked %+v), want %t", got, explainer.asked, row.explained)
			}
			if !row.explained {
				return
			}
			want := admin.ExplainQuestion{KeyID: ration.KeyID{1}, Amounts: []ration.Amount{{Meter: "tokens", Units: 1200}}, Scope: "ask"}
			if !reflect.DeepEqual(want, *explainer.asked) {
				t.Errorf("asked %+v, want %+v", *explainer.asked, want)
			}
			limit := answer.Explanation.Limits[0]
			if limit.Detail != "0 of 5000 are used and 4000 reserved; 1200 more don't fit before it resets" || limit.Holds[0].Reservation != aReservation ||
				*answer.Explanation.RetryAfter != 2 || answer.Explanation.Reservations[0].Held["tokens"] != "4000" {
				t.Errorf("explained %+v", answer.Explanation)
			}
		})
	}
}

package admin_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
)

// reserve holds tokens for a day.
func (o *office) reserve(key ration.KeyID, tokens int64) ration.ReservationID {
	o.Helper()
	id := ration.NewReservationID()
	charge := ration.Charge{
		KeyID: key, Amounts: []ration.Amount{{Meter: "tokens", Units: tokens}},
		Hold: &ration.Hold{ID: id, TTL: 24 * time.Hour, AtExpiry: ration.AtExpiryKeep},
	}
	decisions, err := o.store.Charge(o.Context(), testbatch.Charges(o, charge))
	if err != nil || !decisions[0].Allowed() {
		o.Fatalf("%+v, %v", decisions, err)
	}
	return id
}

// TestExplanationNamesWhoHoldsWhat has one reservation of yesterday and one of
// today: of a day's limit only today's holds something, of a month's both.
func TestExplanationNamesWhoHoldsWhat(t *testing.T) {
	o := open(t)
	o.plan("free", "100 tokens/day", "1000 tokens/month", "50/second")
	issued := o.create(admin.NewKey{Plan: "free", Overrides: []ration.Override{o.override("120 tokens/day", noon.AddDate(0, 1, 0))}})
	key := issued.Key.ID
	yesterdays := o.reserve(key, 30)
	o.set(noon.Add(13 * time.Hour))
	todays := o.reserve(key, 80)

	got, err := o.ExplainKey(t.Context(), admin.ExplainQuestion{KeyID: key, Amounts: []ration.Amount{{Meter: "tokens", Units: 41}}})
	if err != nil {
		t.Fatal(err)
	}
	if got.Code != ration.CodeQuotaExceeded || got.RetryAfter != 23*time.Hour || len(got.Reservations) != 2 {
		t.Errorf("explained %s for %s with %d reservations", got.Code, got.RetryAfter, len(got.Reservations))
	}
	type told struct {
		Code      ration.Code
		Plan      string
		Reserved  int64
		Remaining int64
		Holders   []ration.ReservationID
	}
	want := map[string]told{
		"requests-rate-second": {ration.CodeOK, "free", 0, 49, nil},
		"tokens-day":           {ration.CodeQuotaExceeded, "", 80, 40, []ration.ReservationID{todays}},
		"tokens-month":         {ration.CodeOK, "free", 110, 890, []ration.ReservationID{yesterdays, todays}},
	}
	all := make(map[string]told)
	for _, limit := range got.Limits {
		one := told{Code: limit.Code, Plan: limit.Plan, Reserved: limit.Reserved, Remaining: limit.Remaining}
		for _, hold := range limit.Holds {
			one.Holders = append(one.Holders, hold.Reservation)
		}
		all[limit.Name] = one
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("limits (-want +got):\n%s", diff)
	}

	before, err := o.ShowKey(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.ExplainKey(t.Context(), admin.ExplainQuestion{KeyID: key}); err != nil {
		t.Fatal(err)
	}
	after, err := o.ShowKey(t.Context(), key)
	if diff := cmp.Diff(before.Usage, after.Usage); err != nil || diff != "" {
		t.Errorf("explaining changed usage: %v\n%s", err, diff)
	}
}

// TestExplanationForeseesWhatIsKnown has a temporary cut, and a lifetime that is all
// reserved: once for long, once by what is due.
func TestExplanationForeseesWhatIsKnown(t *testing.T) {
	o := open(t)
	o.plan("free", "10/day", "5 tokens/lifetime")
	key := o.create(admin.NewKey{Plan: "free", Overrides: []ration.Override{o.override("0/day", noon.Add(12*time.Second))}}).Key.ID
	hold := &ration.Hold{ID: ration.NewReservationID(), TTL: 2 * time.Second, AtExpiry: ration.AtExpiryRelease}
	charge := ration.Charge{KeyID: key, Amounts: []ration.Amount{{Meter: "requests", Units: 0}, {Meter: "tokens", Units: 5}}, Hold: hold}
	if decisions, err := o.store.Charge(t.Context(), testbatch.Charges(t, charge)); err != nil || !decisions[0].Allowed() {
		t.Fatalf("%+v, %v", decisions, err)
	}
	ask := func(requests, tokens int64) (ration.Code, time.Duration) {
		t.Helper()
		got, err := o.ExplainKey(t.Context(), admin.ExplainQuestion{KeyID: key, Amounts: []ration.Amount{{Meter: "requests", Units: requests}, {Meter: "tokens", Units: tokens}}})
		if err != nil {
			t.Fatal(err)
		}
		return got.Code, got.RetryAfter
	}
	for _, row := range []struct {
		after            time.Duration
		requests, tokens int64
		code             ration.Code
		wait             time.Duration
	}{
		{0, 1, 0, ration.CodeQuotaExceeded, 12 * time.Second},
		{0, 0, 1, ration.CodeQuotaExceeded, 2 * time.Second},
		{0, 1, 1, ration.CodeQuotaExceeded, 12 * time.Second},
		{0, 11, 0, ration.CodeCostExceedsLimit, 0},
		{0, 1, 6, ration.CodeCostExceedsLimit, 0},
		{2 * time.Second, 0, 5, ration.CodeOK, 0}, // which nobody has ended yet
		{12 * time.Second, 10, 5, ration.CodeOK, 0},
	} {
		o.set(noon.Add(row.after))
		if code, wait := ask(row.requests, row.tokens); code != row.code || wait != row.wait {
			t.Errorf("%d requests and %d tokens after %s: %s for %s, want %s for %s", row.requests, row.tokens, row.after, code, wait, row.code, row.wait)
		}
	}
}

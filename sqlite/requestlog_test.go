package sqlite_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/sqlite"
)

const logKept = 10 * 24 * time.Hour

// TestRequestLogAccountsForEveryCount does what may be done with charges, at
// random, over days, and lets the log prove what is counted.
func TestRequestLogAccountsForEveryCount(t *testing.T) {
	clock := newFakeClock(noon)
	store := open(t, sqlite.Config{Path: newPath(t), Clock: clock.now, RequestLog: logKept})
	createPlan(t, store, "tight", "7/day", "60 tokens/month", "3/second burst 6")
	const enough = 30 // histories, for each flushes dozens of times
	histories := 0
	rapid.Check(t, func(rt *rapid.T) {
		if histories++; histories > enough {
			return
		}
		keys := []ration.KeyID{createKey(t, store, "tight"), createKey(t, store, "")}
		var open []ration.Reservation
		var receipts []ration.Receipt
		for range rapid.IntRange(1, 10).Draw(rt, "batches") {
			clock.set(clock.now().Add(time.Duration(rapid.IntRange(0, 600).Draw(rt, "minutes later")) * time.Minute))
			var items []testbatch.Item
			for range rapid.IntRange(1, 5).Draw(rt, "charges") {
				items = append(items, drawLogged(rt, rapid.SampledFrom(keys).Draw(rt, "key"), &open, &receipts))
			}
			decisions, err := store.Charge(t.Context(), testbatch.Of(t, items...))
			if err != nil {
				rt.Fatal(err)
			}
			for i := range decisions {
				if r := decisions[i].Reservation; r != nil && items[i].Hold != nil {
					open = append(open, *r)
				}
				if receipt := decisions[i].Receipt; receipt != nil {
					receipts = append(receipts, *receipt)
				}
			}
		}
		for _, key := range keys {
			wantReconciled(rt, store, key)
		}
	})
}

// drawLogged draws a charge, a reservation, the end of one, or a refund.
func drawLogged(rt *rapid.T, key ration.KeyID, open *[]ration.Reservation, receipts *[]ration.Receipt) testbatch.Item {
	switch rapid.IntRange(0, 5).Draw(rt, "what") {
	case 0, 1:
		if len(*open) > 0 {
			r := rapid.SampledFrom(*open).Draw(rt, "reservation")
			action := rapid.SampledFrom([]ration.EndAction{ration.EndSettle, ration.EndVoid, ration.EndExpire}).Draw(rt, "end")
			end := &ration.End{ID: r.ID, Action: action, Overage: ration.OverageAllow}
			if action == ration.EndSettle {
				end.Amounts = []ration.Amount{{Meter: "tokens", Units: rapid.Int64Range(0, 30).Draw(rt, "settled")}}
			}
			return testbatch.Item{Charge: ration.Charge{KeyID: r.KeyID}, End: end}
		}
	case 2:
		if last := len(*receipts) - 1; last >= 0 {
			receipt := (*receipts)[last]
			*receipts = (*receipts)[:last]
			return testbatch.Item{Charge: ration.Charge{KeyID: receipt.KeyID}, Refund: &receipt}
		}
	}
	charge := ration.Charge{
		KeyID: key, Via: "test", Refundable: rapid.Bool().Draw(rt, "refundable"),
		Amounts: []ration.Amount{{Meter: "tokens", Units: rapid.Int64Range(0, 20).Draw(rt, "tokens")}},
	}
	if rapid.Bool().Draw(rt, "hold") {
		atExpiry := rapid.SampledFrom([]ration.AtExpiry{ration.AtExpiryKeep, ration.AtExpiryRelease}).Draw(rt, "at expiry")
		charge.Hold = &ration.Hold{TTL: time.Duration(rapid.IntRange(1, 1440).Draw(rt, "ttl")) * time.Minute, AtExpiry: atExpiry}
	}
	return testbatch.Item{Charge: charge}
}

func wantReconciled(t interface {
	Helper()
	Fatal(...any)
	Errorf(string, ...any)
}, store *sqlite.Store, key ration.KeyID,
) {
	t.Helper()
	result, err := admin.New(store, admin.Config{}).Reconcile(context.Background(), admin.ReconcileFilter{KeyID: key})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Differences) > 0 {
		t.Errorf("differences %+v, want none", result.Differences)
	}
}

// TestChargesWithoutTheLogShow is what the log is for.
func TestChargesWithoutTheLogShow(t *testing.T) {
	clock := newFakeClock(noon)
	path := newPath(t)
	logging := sqlite.Config{Path: path, Clock: clock.now, RequestLog: logKept}
	store := open(t, logging)
	key := createKey(t, store, "")
	charge(t, store, key, key)
	closeStore(t, store)
	silent := open(t, sqlite.Config{Path: path, Clock: clock.now})
	charge(t, silent, key, key, key)
	closeStore(t, silent)
	store = open(t, logging)
	charge(t, store, key)

	result, err := admin.New(store, admin.Config{}).Reconcile(t.Context(), admin.ReconcileFilter{})
	if err != nil {
		t.Fatal(err)
	}
	day := ration.DateID(noon.Date())
	want := admin.Reconciliation{Keys: 1, Logged: 1, Entries: 3, Differences: []admin.Difference{
		{KeyID: key, Meter: ration.MeterRequests, Count: "used", At: noon, Counted: 5, Logged: 2},
		{KeyID: key, Meter: ration.MeterRequests, Count: "used", Date: day, Counted: 6, Logged: 3},
	}}
	if diff := cmp.Diff(want, result); diff != "" {
		t.Errorf("reconciled (-want +got):\n%s", diff)
	}
}

// TestLogThatIsNotWholeAnyMoreStillReconciles deletes its first days by their age.
func TestLogThatIsNotWholeAnyMoreStillReconciles(t *testing.T) {
	clock := newFakeClock(noon)
	store := open(t, sqlite.Config{Path: newPath(t), Clock: clock.now, RequestLog: logKept})
	key := createKey(t, store, "")
	for day := range 14 {
		clock.set(noon.AddDate(0, 0, day))
		charge(t, store, key, key)
	}
	if err := store.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	result, err := admin.New(store, admin.Config{}).Reconcile(t.Context(), admin.ReconcileFilter{})
	if err != nil {
		t.Fatal(err)
	}
	const kept = 11 // today and ten days
	if result.Entries != 2*kept || len(result.Differences) > 0 {
		t.Errorf("%d entries and differences %+v, want %d and none", result.Entries, result.Differences, 2*kept)
	}
}

// TestLastRefusedIsBounded has a key with many calls, some of which are refused.
func TestLastRefusedIsBounded(t *testing.T) {
	clock := newFakeClock(noon)
	store := open(t, sqlite.Config{Path: newPath(t), Clock: clock.now, RequestLog: logKept})
	createPlan(t, store, "tight", "3/day")
	key, other := createKey(t, store, "tight"), createKey(t, store, "tight")
	operations := admin.New(store, admin.Config{})
	refused := func() (codes []ration.Code) {
		t.Helper()
		found, err := operations.LastRefused(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		for i, one := range found {
			codes = append(codes, one.Code)
			if i > 0 && one.At.After(found[i-1].At) {
				t.Errorf("%v is before %v", found[i-1], one)
			}
		}
		return codes
	}
	if got := refused(); len(got) != 0 {
		t.Errorf("of a new key: %v", got)
	}
	info := &ration.RequestInfo{Method: "POST", Route: "/ask", ID: "r-1"}
	ask := func(charge ration.Charge) {
		t.Helper()
		charge.KeyID = key
		if _, err := store.Charge(t.Context(), testbatch.Of(t, testbatch.Item{Charge: charge})); err != nil {
			t.Fatal(err)
		}
		clock.set(clock.now().Add(time.Second))
	}
	charge(t, store, other, other, other, other)
	for range 4 {
		ask(ration.Charge{Via: "proxy", Request: info})
	}
	ask(ration.Charge{Scope: "write", Via: "verify"})
	ask(ration.Charge{Amounts: []ration.Amount{{Meter: "requests", Units: 2}}, Hold: &ration.Hold{}})
	want := []admin.Refused{
		{At: noon.Add(5 * time.Second), Code: ration.CodeQuotaExceeded, Meters: []string{"requests"}, Reservation: true},
		{At: noon.Add(4 * time.Second), Code: ration.CodeInsufficientScope, Via: "verify", Meters: []string{"requests"}},
		{At: noon.Add(3 * time.Second), Code: ration.CodeQuotaExceeded, Via: "proxy", Method: "POST", Route: "/ask", RequestID: "r-1", Meters: []string{"requests"}},
	}
	got, err := operations.LastRefused(t.Context(), key)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for range 2 * admin.MaxRefused {
		ask(ration.Charge{})
	}
	if got := refused(); len(got) != admin.MaxRefused {
		t.Errorf("%d were found, want %d", len(got), admin.MaxRefused)
	}
	clock.set(noon.AddDate(0, 0, admin.RefusedDays))
	if got := refused(); len(got) != 0 {
		t.Errorf("after a week: %v", got)
	}
}

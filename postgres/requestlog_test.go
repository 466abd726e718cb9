package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/postgres"
)

const logKept = 10 * 24 * time.Hour

// TestRequestLogAccountsForWhatInstancesCount lets two instances write it.
func TestRequestLogAccountsForWhatInstancesCount(t *testing.T) {
	t.Parallel()
	r := newReserving(t)
	config := postgres.Config{InstanceClock: r.clock.now, RequestLog: logKept}
	stores := []*postgres.Store{r.open(t, config), r.open(t, config)}
	info := &ration.RequestInfo{Method: "POST", Route: "/ask", ID: "a \x00\xff"}
	for i, store := range []*postgres.Store{stores[0], stores[1], stores[0]} {
		id := ration.NewReservationID()
		first := r.chargesBy(t, store, ration.Charge{Amounts: tokensOf(200), Via: "test", Request: info, Refundable: true}, hold(id, 150), hold(ration.NewReservationID(), 60))
		r.clock.set(t, noon.Add(time.Duration(i+1)*7*time.Hour))
		second := []ration.Charge{settle(id, 20)}
		if receipt := first[0].Receipt; receipt != nil {
			second = append(second, ration.Charge{Refund: receipt})
		}
		r.chargesBy(t, stores[1], append(second, ration.Charge{Amounts: tokensOf(900)})...)
	}
	service := admin.New(r.store, admin.Config{})
	result, err := service.Reconcile(t.Context(), admin.ReconcileFilter{})
	if err != nil {
		t.Fatal(err)
	}
	if result.Logged != 1 || result.Entries < 12 || len(result.Differences) > 0 {
		t.Errorf("reconciled %+v, want more entries and no difference", result)
	}
	r.wantEntry(t, 0, ration.LogEntry{
		At: noon, Action: ration.LogCharge, Code: ration.CodeOK, Via: "test", Request: ration.RequestInfo{Method: "POST", Route: "/ask", ID: "a \uFFFD\uFFFD"},
		Meters: []ration.LogMeter{
			{Meter: "requests", Day: ration.DateLabel(noon.Date()), Used: 1, UsedAfter: 1},
			{Meter: "tokens", Day: ration.DateLabel(noon.Date()), Used: 200, UsedAfter: 200},
		},
	})

	r.charges(t, ration.Charge{}) // by an instance that writes no log
	if result, err = service.Reconcile(t.Context(), admin.ReconcileFilter{KeyID: r.key}); err != nil {
		t.Fatal(err)
	}
	if len(result.Differences) == 0 {
		t.Error("a charge without an entry does not show")
	}
}

// wantEntry compares an entry of the key's log.
func (r *reserving) wantEntry(t *testing.T, number int, want ration.LogEntry) {
	t.Helper()
	var entries []ration.LogEntry
	if _, err := r.store.KeyLog(t.Context(), r.key, func(entry ration.LogEntry) { entries = append(entries, entry) }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, entries[number]); diff != "" {
		t.Errorf("entry %d (-want +got):\n%s", number, diff)
	}
}

// TestDaysOfTheRequestLogComeAndGo goes on for weeks. The first day has no
// partition of its own, for none was made ahead.
func TestDaysOfTheRequestLogComeAndGo(t *testing.T) {
	t.Parallel()
	r := newReserving(t)
	store := r.open(t, postgres.Config{InstanceClock: r.clock.now, RequestLog: logKept})
	for day := range 14 {
		r.clock.set(t, noon.AddDate(0, 0, day))
		r.chargesBy(t, store, ration.Charge{}, ration.Charge{})
		if err := store.MoveLogDays(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var partitions, entries, inDefault int
	row := r.conn.QueryRow(t.Context(), `
		SELECT (SELECT count(*) FROM pg_inherits WHERE inhparent = 'request_log'::regclass), count(*), (SELECT count(*) FROM request_log_default)
		FROM request_log`)
	if err := row.Scan(&partitions, &entries, &inDefault); err != nil {
		t.Fatal(err)
	}
	const kept, ahead = 11, 3 // today and ten days
	if partitions != kept+ahead+1 || entries != 2*kept || inDefault != 0 {
		t.Errorf("%d partitions, %d entries, %d of them in the default one; want %d, %d and 0", partitions, entries, inDefault, kept+ahead+1, 2*kept)
	}
	result, err := admin.New(store, admin.Config{}).Reconcile(t.Context(), admin.ReconcileFilter{})
	if err != nil || result.Entries != 2*kept || len(result.Differences) > 0 {
		t.Errorf("reconciled %+v, %v", result, err)
	}
}

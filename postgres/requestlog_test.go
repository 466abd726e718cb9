package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/testbatch"
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
		first := r.chargesBy(t, store, testbatch.Item{Charge: ration.Charge{Amounts: tokensOf(200), Via: "test\x00", Request: info, Refundable: true}}, hold(id, 150), hold(ration.NewReservationID(), 60))
		r.clock.set(t, noon.Add(time.Duration(i+1)*7*time.Hour))
		second := []testbatch.Item{settle(id, 20)}
		if receipt := first[0].Receipt; receipt != nil {
			second = append(second, testbatch.Item{Refund: receipt})
		}
		r.chargesBy(t, stores[1], append(second, testbatch.Item{Charge: ration.Charge{Amounts: tokensOf(900)}})...)
	}
	service := admin.New(r.store, admin.Config{})
	result, err := service.Reconcile(t.Context(), admin.ReconcileFilter{})
	if err != nil {
		t.Fatal(err)
	}
	if result.Logged != 1 || result.Entries < 12 || len(result.Differences) > 0 {
		t.Errorf("reconciled %+v, want more entries and no difference", result)
	}
	r.wantEntry(t, 0, ledger.LogEntry{
		At: noon, Action: ledger.LogCharge, Code: ration.CodeOK, Via: "test\uFFFD", Request: ration.RequestInfo{Method: "POST", Route: "/ask", ID: "a \uFFFD\uFFFD"},
		Meters: []ledger.LogMeter{
			{Meter: "requests", Day: ration.DateID(noon.Date()), Used: 1, UsedAfter: 1},
			{Meter: "tokens", Day: ration.DateID(noon.Date()), Used: 200, UsedAfter: 200},
		},
	})

	r.charges(t, testbatch.Item{}) // by an instance that writes no log
	if result, err = service.Reconcile(t.Context(), admin.ReconcileFilter{KeyID: r.key}); err != nil {
		t.Fatal(err)
	}
	if len(result.Differences) == 0 {
		t.Error("a charge without an entry does not show")
	}
}

// wantEntry compares an entry of the key's log.
func (r *reserving) wantEntry(t *testing.T, number int, want ledger.LogEntry) {
	t.Helper()
	var entries []ledger.LogEntry
	if _, err := r.store.KeyLog(t.Context(), r.key, func(entry ledger.LogEntry) { entries = append(entries, entry) }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, entries[number]); diff != "" {
		t.Errorf("entry %d (-want +got):\n%s", number, diff)
	}
}

// TestRequestLogForgetsWhereNoTableMayBeCreated keeps all of it in the default partition.
func TestRequestLogForgetsWhereNoTableMayBeCreated(t *testing.T) {
	t.Parallel()
	r := newReserving(t)
	r.exec(t, `CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE insufficient_privilege; END $$`)
	r.exec(t, `CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION refuse()`)
	store := r.open(t, postgres.Config{InstanceClock: r.clock.now, RequestLog: logKept})
	r.chargesBy(t, store, testbatch.Item{})
	r.clock.set(t, noon.AddDate(0, 0, 11))
	r.chargesBy(t, store, testbatch.Item{}, testbatch.Item{})
	if err := store.MoveLogDays(t.Context()); err == nil {
		t.Error("nobody is told that no partition could be made")
	}
	r.wantLog(t, 2, "request_log_default")
}

// TestADayOfTheRequestLogThatBeganElsewhereStopsNoOther has entries of a clock that
// was ahead in the default partition.
func TestADayOfTheRequestLogThatBeganElsewhereStopsNoOther(t *testing.T) {
	t.Parallel()
	r := newReserving(t)
	r.exec(t, `INSERT INTO request_log (api_key_id, day, at, action, code, via, method, route, request_id, meters)
		VALUES ($1, '2026-07-16', $2, 'charge', 'ok', '', '', '', '', '[]')`, [16]byte(r.key), noon.AddDate(0, 0, 1))
	store := r.open(t, postgres.Config{InstanceClock: r.clock.now, RequestLog: logKept})
	if err := store.MoveLogDays(t.Context()); err != nil {
		t.Error(err)
	}
	for day, table := range []string{"request_log_20260715", "request_log_default", "request_log_20260717"} {
		r.clock.set(t, noon.AddDate(0, 0, day))
		before := r.logLength(t, table)
		r.chargesBy(t, store, testbatch.Item{})
		r.wantLog(t, before+1, table)
	}
}

func (r *reserving) wantLog(t *testing.T, entries int, table string) {
	t.Helper()
	if got := r.logLength(t, table); got != entries {
		t.Errorf("%s has %d entries, want %d", table, got, entries)
	}
}

func (r *reserving) logLength(t *testing.T, table string) (entries int) {
	t.Helper()
	if err := r.conn.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&entries); err != nil {
		t.Fatal(err)
	}
	return entries
}

// TestDaysOfTheRequestLogComeAndGo goes on for weeks.
func TestDaysOfTheRequestLogComeAndGo(t *testing.T) {
	t.Parallel()
	r := newReserving(t)
	store := r.open(t, postgres.Config{InstanceClock: r.clock.now, RequestLog: logKept})
	for day := range 14 {
		r.clock.set(t, noon.AddDate(0, 0, day))
		r.chargesBy(t, store, testbatch.Item{}, testbatch.Item{})
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

// TestLastRefusedIsBounded has refused charges on several days, in partitions and in the
// default one.
func TestLastRefusedIsBounded(t *testing.T) {
	t.Parallel()
	r := newReserving(t)
	store := r.open(t, postgres.Config{InstanceClock: r.clock.now, RequestLog: logKept})
	operations := admin.New(store, admin.Config{})
	info := &ration.RequestInfo{Method: "POST", Route: "/ask", ID: "r-1"}
	refuse := func(times int) {
		t.Helper()
		for range times {
			for _, decision := range r.chargesBy(t, store, testbatch.Item{Charge: ration.Charge{Scope: "write", Via: "proxy", Request: info}}) {
				if decision.Code != ration.CodeInsufficientScope {
					t.Fatal(decision.Code)
				}
			}
		}
	}
	refuse(2)
	r.clock.set(t, noon.AddDate(0, 0, 1))
	r.chargesBy(t, store, testbatch.Item{})
	refuse(1)
	got, err := operations.LastRefused(t.Context(), r.key)
	want := admin.Refused{Code: ration.CodeInsufficientScope, Via: "proxy", Method: "POST", Route: "/ask", RequestID: "r-1", Meters: []string{"requests"}}
	if err != nil || len(got) != 3 {
		t.Fatalf("got %+v, %v; want 3", got, err)
	}
	for i, at := range []time.Time{noon.AddDate(0, 0, 1), noon, noon} {
		want.At = at
		if diff := cmp.Diff(want, got[i]); diff != "" {
			t.Errorf("%d (-want +got):\n%s", i, diff)
		}
	}
	r.clock.set(t, noon.AddDate(0, 0, admin.RefusedDays))
	if got, err = operations.LastRefused(t.Context(), r.key); err != nil || len(got) != 1 {
		t.Errorf("after a week: %+v, %v; want the one of the second day", got, err)
	}
	refuse(admin.MaxRefused)
	if got, err = operations.LastRefused(t.Context(), r.key); err != nil || len(got) != admin.MaxRefused {
		t.Errorf("%d, %v; want %d", len(got), err, admin.MaxRefused)
	}
}

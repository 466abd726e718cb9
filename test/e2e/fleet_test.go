package e2e_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/test/harness"
)

// fleetOf returns the states of instances by where their proxies listen.
func fleetOf(t *testing.T, db string) map[string]string {
	t.Helper()
	var fleet api.Instances
	if err := json.Unmarshal([]byte(harness.CLI(t, db, "instances", "-o", "json")), &fleet); err != nil {
		t.Fatal(err)
	}
	states := make(map[string]string)
	for _, instance := range fleet.Items {
		i := slices.IndexFunc(instance.Listeners, func(l api.Listener) bool { return l.Name == "proxy" })
		if i < 0 || instance.Name == "" || instance.Version == "" || instance.SchemaVersion == 0 || len(instance.Settings) == 0 {
			t.Fatalf("an instance says too little of itself: %+v", instance)
		}
		if at := "http://" + instance.Listeners[i].Address; states[at] != api.InstanceRunning {
			states[at] = instance.State // of several runs the one that runs
		}
	}
	return states
}

// awaitFleet waits until the instances on a database have these states.
func awaitFleet(t *testing.T, db string, want map[string]string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		got := fleetOf(t, db)
		same := len(got) == len(want)
		for address, state := range want {
			same = same && got[address] == state
		}
		if same {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the instances are %v, want %v", got, want)
		}
	}
}

func TestInstancesAreListedUntilTheyStop(t *testing.T) {
	db, upstream := testdb.Postgres(t), harness.NewUpstream(t)
	harness.CLI(t, db, "migrate")
	first := harness.NewInstance(t, db, upstream.URL, "--admin-listen", "off")
	second := harness.NewInstance(t, db, upstream.URL, "--admin-listen", "off", "--history-days", "500")
	for _, instance := range []*harness.Instance{first, second} {
		instance.Start()
		instance.AwaitReady()
	}
	awaitFleet(t, db, map[string]string{first.ProxyURL: api.InstanceRunning, second.ProxyURL: api.InstanceRunning})
	if found := harness.CLI(t, db, "doctor", "-o", "csv"); !strings.Contains(found, "history_days is 1100 on ") {
		t.Errorf("doctor does not say that settings differ:\n%s", found)
	}

	second.Kill()
	missForLong(t, db)
	awaitFleet(t, db, map[string]string{first.ProxyURL: api.InstanceRunning, second.ProxyURL: api.InstanceLost})
	second.Start() // a new run, beside what is left of the other one
	second.AwaitReady()
	awaitFleet(t, db, map[string]string{first.ProxyURL: api.InstanceRunning, second.ProxyURL: api.InstanceRunning})

	for _, instance := range []*harness.Instance{first, second} {
		if code := instance.Stop(); code != 0 {
			t.Errorf("SIGTERM: exit code %d", code)
		}
	}
	awaitFleet(t, db, map[string]string{second.ProxyURL: api.InstanceLost})
}

// missForLong lets nobody have been seen for 31 seconds. Who lives is seen again soon.
func missForLong(t *testing.T, db string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "UPDATE instances SET seen_at = seen_at - interval '31 seconds'"); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

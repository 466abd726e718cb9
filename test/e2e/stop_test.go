package e2e_test

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/ration-dev/ration/test/harness"
)

func TestSIGTERMFinishesWhatIsUnderWayAndSaysThatItIsNotReady(t *testing.T) {
	db, key, upstream, instance := startOne(t, "--shutdown-delay", "1s")

	answer := make(chan harness.Outcome, 1)
	go func() { answer <- harness.NewClient().Call(t.Context(), instance.ProxyURL+"/slow", key.Secret) }()
	<-upstream.Entered
	instance.Terminate()
	awaitStopping(t, instance)
	upstream.Release <- struct{}{}
	if outcome := <-answer; outcome != harness.Admitted {
		t.Errorf("the request under way had outcome %d", outcome)
	}
	if code := instance.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if used := harness.Used(t, db, key.ID); used != 1 {
		t.Errorf("%d recorded, want 1", used)
	}
}

func TestSecondSIGTERMEndsAtOnce(t *testing.T) {
	db, key, upstream, instance := startOne(t, "--shutdown-delay", "1h")
	ended := make(chan harness.Outcome, 1)
	go func() { ended <- harness.NewClient().Call(t.Context(), instance.ProxyURL+"/slow", key.Secret) }()
	<-upstream.Entered
	instance.Terminate()
	awaitStopping(t, instance)
	instance.Terminate()
	if code := instance.ExitCode(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	upstream.Release <- struct{}{}
	if outcome := <-ended; outcome != harness.Unknown {
		t.Errorf("the request under way had outcome %d", outcome)
	}
	if used := harness.Used(t, db, key.ID); used != 1 {
		t.Errorf("%d recorded: what was let through must be counted", used)
	}
}

func TestCommandsReachTheDatabaseWhileTheServerHasIt(t *testing.T) {
	db, key, _, instance := startOne(t)
	client := harness.NewClient()
	if outcome := client.Call(t.Context(), instance.ProxyURL, key.Secret); outcome != harness.Admitted {
		t.Fatalf("outcome %d", outcome)
	}
	if used := harness.Used(t, db, key.ID); used != 1 {
		t.Errorf("usage shows %d while the server runs, want 1", used)
	}
	harness.CLI(t, db, "keys", "update", key.ID, "--limit", "1/lifetime")
	if outcome := client.Call(t.Context(), instance.ProxyURL, key.Secret); outcome != harness.Denied {
		t.Errorf("after a limit of 1: outcome %d", outcome)
	}
	harness.CLI(t, db, "keys", "update", key.ID, "--clear-limit", "lifetime")
	if outcome := client.Call(t.Context(), instance.ProxyURL, key.Secret); outcome != harness.Admitted {
		t.Errorf("after the limit was cleared: outcome %d", outcome)
	}
	harness.CLI(t, db, "keys", "revoke", key.ID, "--yes")
	if outcome := client.Call(t.Context(), instance.ProxyURL, key.Secret); outcome != harness.Unknown {
		t.Errorf("after the key was revoked: outcome %d", outcome)
	}
}

// startOne starts an instance on a new SQLite file with one key.
func startOne(t *testing.T, more ...string) (db string, key harness.Key, upstream *harness.Upstream, instance *harness.Instance) {
	t.Helper()
	db, upstream = "sqlite:"+filepath.Join(t.TempDir(), "ration.db"), harness.NewUpstream(t)
	key = harness.CreateKey(t, db)
	instance = harness.NewInstance(t, db, upstream.URL, more...)
	instance.Start()
	instance.AwaitReady()
	return db, key, upstream, instance
}

// awaitStopping waits until the signal has arrived.
func awaitStopping(t *testing.T, instance *harness.Instance) {
	t.Helper()
	status, reason := readiness(t, instance)
	for status == http.StatusOK {
		status, reason = readiness(t, instance)
	}
	if status != http.StatusServiceUnavailable || reason != "shutting down" {
		t.Errorf("readiness says %d, %q", status, reason)
	}
}

func readiness(t *testing.T, instance *harness.Instance) (status int, reason string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, instance.APIURL+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var body struct{ Reason string }
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body.Reason
}

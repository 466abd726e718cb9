package e2e_test

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/test/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.RemoveBinary()
	os.Exit(code)
}

func TestThreeInstancesAdmitExactlyTheLimitAlsoOverARestartOfAll(t *testing.T) {
	const limit, requests = 1000, 3000
	db, upstream := testdb.Postgres(t), harness.NewUpstream(t)
	harness.CLI(t, db, "migrate")
	harness.CLI(t, db, "plans", "create", "thousand", "--limit", "1000/day", "--time-zone", harness.NoonZone())
	key := harness.CreateKey(t, db, "--plan", "thousand")

	fleet := make([]*harness.Instance, 3)
	for i := range fleet {
		fleet[i] = harness.NewInstance(t, db, upstream.URL)
		fleet[i].Start()
	}
	awaitAll(fleet)
	before := burst(fleet, key.Secret, limit/2)
	for _, instance := range fleet {
		if code := instance.Stop(); code != 0 {
			t.Fatalf("SIGTERM: exit code %d", code)
		}
		instance.Start()
	}
	awaitAll(fleet)
	after := burst(fleet, key.Secret, requests-limit/2)

	if got := before[harness.Admitted]; got != limit/2 {
		t.Errorf("before the restart %d of %d were admitted", got, limit/2)
	}
	if got := after[harness.Admitted]; got != limit/2 {
		t.Errorf("after the restart %d were admitted, want the other %d", got, limit/2)
	}
	if got := after[harness.Denied]; got != requests-limit {
		t.Errorf("%d were denied, want %d", got, requests-limit)
	}
	if seen, used := upstream.Seen(key.ID), harness.Used(t, db, key.ID); seen != limit || used != limit {
		t.Errorf("the upstream saw %d, the database counts %d, want exactly %d", seen, used, limit)
	}
}

func awaitAll(fleet []*harness.Instance) {
	for _, instance := range fleet {
		instance.AwaitReady()
	}
}

// burst sends so many requests at once, spread over the instances.
func burst(fleet []*harness.Instance, secret string, requests int) harness.Tally {
	client := harness.NewClient()
	outcomes := make(chan harness.Outcome, requests)
	var callers sync.WaitGroup
	for i := range requests {
		callers.Go(func() {
			outcomes <- client.Call(context.Background(), fleet[i%len(fleet)].ProxyURL, secret)
		})
	}
	callers.Wait()
	close(outcomes)
	var tally harness.Tally
	for outcome := range outcomes {
		tally[outcome]++
	}
	return tally
}

package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/test/harness"
)

const routesWithIdempotency = `routes:
  - path: /paid
    idempotency: required
`

// TestOneIdempotencyKeyIsChargedOnceByThreeInstances asks the verify API, and
// then attacks the proxy: one key on all calls buys one.
func TestOneIdempotencyKeyIsChargedOnceByThreeInstances(t *testing.T) {
	db, upstream := testdb.Postgres(t), harness.NewUpstream(t)
	harness.CLI(t, db, "migrate")
	token := strings.TrimSpace(harness.CLI(t, db, "tokens", "create", "e2e", "--scope", "verify", "-q"))
	config := filepath.Join(t.TempDir(), "ration.yaml")
	if err := os.WriteFile(config, []byte(routesWithIdempotency), 0o600); err != nil {
		t.Fatal(err)
	}
	fleet := make([]*harness.Instance, 3)
	for i := range fleet {
		fleet[i] = harness.NewInstance(t, db, upstream.URL, "--config", config)
		fleet[i].Start()
	}
	awaitAll(fleet)

	t.Run("verify API", func(t *testing.T) {
		key := harness.CreateKey(t, db)
		var replayed atomic.Int64
		atOnce(fleet, 60, func(instance *harness.Instance) {
			var answer api.VerifyResponse
			status := send(t, instance.APIURL+"/v1/verify", `{"secret":"`+key.Secret+`","amounts":{"tokens":7}}`, &answer, http.Header{
				"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}, "Idempotency-Key": {`"one"`},
			})
			if status != http.StatusOK || !answer.Allowed {
				t.Errorf("%d %+v, want it allowed", status, answer)
			}
			if answer.Replayed {
				replayed.Add(1)
			}
		})
		if used := harness.Used(t, db, key.ID); used != 1 || replayed.Load() != 59 {
			t.Errorf("%d are used and %d were replayed, want 1 and 59", used, replayed.Load())
		}
	})

	t.Run("proxy", func(t *testing.T) {
		key := harness.CreateKey(t, db)
		var statuses sync.Map
		attack := func(instance *harness.Instance) {
			status := send(t, instance.ProxyURL+"/paid", "", nil, http.Header{"X-Api-Key": {key.Secret}, "Idempotency-Key": {"one"}})
			count, _ := statuses.LoadOrStore(status, new(atomic.Int64))
			count.(*atomic.Int64).Add(1)
		}
		atOnce(fleet, 60, attack)
		fleet[0].Kill() // what an instance remembered must not matter
		fleet[0].Start()
		fleet[0].AwaitReady()
		atOnce(fleet, 30, attack)
		got := make(map[int]int64)
		statuses.Range(func(status, count any) bool {
			got[status.(int)] = count.(*atomic.Int64).Load()
			return true
		})
		if got[http.StatusOK] != 1 || got[http.StatusConflict] != 89 {
			t.Errorf("answers by status: %v, want one 200 and 89 of 409", got)
		}
		if seen, used := upstream.Seen(key.ID), harness.Used(t, db, key.ID); seen != 1 || used != 1 {
			t.Errorf("the upstream saw %d and %d are used, want 1 and 1", seen, used)
		}
	})
}

// atOnce does the same so many times at once, spread over the instances.
func atOnce(fleet []*harness.Instance, times int, do func(*harness.Instance)) {
	var callers sync.WaitGroup
	for i := range times {
		callers.Go(func() { do(fleet[i%len(fleet)]) })
	}
	callers.Wait()
}

// send posts a body and returns the status.
func send(t *testing.T, url, body string, answer any, header http.Header) int {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0
	}
	request.Header = header
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer func() { _ = response.Body.Close() }()
	if answer != nil {
		if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
			t.Error(err)
		}
	}
	return response.StatusCode
}

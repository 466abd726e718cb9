package faults_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/test/harness"
)

const (
	// answerWithin is how long a charge may wait, and what a busy machine adds.
	answerWithin = 10 * time.Second
	// readyWithin is the same for readiness, which asks for 2 s.
	readyWithin = 8 * time.Second
)

func TestCallersOverHTTPAreToldAndServedAgain(t *testing.T) {
	t.Parallel()
	cluster := testdb.StartCluster(t, nil)
	dsn := cluster.Database(t)
	wire, upstream := testdb.NewWire(t, dsn), harness.NewUpstream(t)
	harness.CLI(t, dsn, "migrate")
	key := harness.CreateKey(t, dsn)
	instance := harness.NewInstance(t, wire.DSN(), upstream.URL)
	instance.Start()
	instance.AwaitReady()
	doors := []door{proxyDoor(instance, key), verifyDoor(t, dsn, instance, key)}

	var sum results
	for _, fault := range []struct {
		name       string
		begin, end func() error
	}{
		{
			"black hole",
			func() error { wire.BlackHole(); return nil },
			func() error { wire.Heal(); return nil },
		},
		{
			"stopped server",
			func() error { return cluster.Stop(testdb.StopImmediate) },
			cluster.Start,
		},
	} {
		t.Run(fault.name, func(t *testing.T) {
			sum.add(callAll(t, doors, 10).served(t))
			if err := fault.begin(); err != nil {
				t.Fatal(err)
			}
			told := callAll(t, doors, 4)
			told.toldToWait(t)
			sum.add(told)
			notReady(t, instance)
			if err := fault.end(); err != nil {
				t.Fatal(err)
			}
			instance.AwaitReady()
			sum.add(callAll(t, doors, 50).served(t))
		})
	}

	recorded := harness.Used(t, dsn, key.ID)
	t.Logf("%d admitted, %d unknown, %d recorded", sum.admitted(), sum.unknown(), recorded)
	if recorded < sum.admitted() || recorded > sum.admitted()+sum.unknown() {
		t.Errorf("%d recorded, but %d admitted and %d unknown", recorded, sum.admitted(), sum.unknown())
	}
}

// door is a way in over HTTP.
type door struct {
	name   string
	method string
	url    string
	header http.Header
	body   string
	admits string // what the body of an admission holds
}

func proxyDoor(instance *harness.Instance, key harness.Key) door {
	return door{"proxy", http.MethodGet, instance.ProxyURL, http.Header{"X-Api-Key": {key.Secret}}, "", "ok"}
}

func verifyDoor(t *testing.T, dsn string, instance *harness.Instance, key harness.Key) door {
	var token api.IssuedToken
	if err := json.Unmarshal([]byte(harness.CLI(t, dsn, "tokens", "create", "gateway", "--scope", "verify", "-o", "json")), &token); err != nil {
		t.Fatal(err)
	}
	return door{
		"verify", http.MethodPost, instance.APIURL + "/v1/verify",
		http.Header{"Authorization": {"Bearer " + token.Secret}, "Content-Type": {"application/json"}},
		fmt.Sprintf(`{"secret": %q}`, key.Secret), `"allowed":true`,
	}
}

// result is what a caller got.
type result struct {
	door       string
	status     int
	retryAfter string
	code       ration.Code // of a problem
	admitted   bool
	took       time.Duration
}

type results []result

// callAll calls every door so often, all at once.
func callAll(t *testing.T, doors []door, times int) (all results) {
	t.Helper()
	var mu sync.Mutex
	var callers sync.WaitGroup
	for _, d := range doors {
		for range times {
			callers.Go(func() {
				got := d.call(t)
				mu.Lock()
				defer mu.Unlock()
				all = append(all, got)
			})
		}
	}
	callers.Wait()
	return all
}

func (d door) call(t *testing.T) result {
	request, err := http.NewRequestWithContext(t.Context(), d.method, d.url, strings.NewReader(d.body))
	if err != nil {
		t.Error(err)
		return result{}
	}
	request.Header, request.Close = d.header.Clone(), true
	start := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return result{}
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body) // what is missing of it is missed below
	var problem api.Problem
	_ = json.Unmarshal(body, &problem)
	return result{
		door: d.name, status: response.StatusCode, retryAfter: response.Header.Get("Retry-After"), code: ration.Code(problem.Code),
		admitted: response.StatusCode == http.StatusOK && strings.Contains(string(body), d.admits), took: time.Since(start),
	}
}

func (r *results) add(more results) { *r = append(*r, more...) }

func (r results) count(is func(result) bool) (n int) {
	for _, one := range r {
		if is(one) {
			n++
		}
	}
	return n
}

func (r results) admitted() int { return r.count(func(one result) bool { return one.admitted }) }

func (r results) unknown() int {
	return r.count(func(one result) bool { return one.code == ration.CodeOutcomeUnknown })
}

// served checks that 99 of 100 callers were.
func (r results) served(t *testing.T) results {
	t.Helper()
	if failed := len(r) - r.admitted(); failed*100 > len(r) {
		t.Errorf("%d of %d calls failed: %+v", failed, len(r), r)
	}
	return r
}

// toldToWait checks that all callers were refused in time, and told whether to
// try again: not if that might charge twice.
func (r results) toldToWait(t *testing.T) {
	t.Helper()
	for _, one := range r {
		told := one.code == ration.CodeStoreUnavailable && one.retryAfter == "1" ||
			one.code == ration.CodeOutcomeUnknown && one.retryAfter == ""
		if one.status != http.StatusServiceUnavailable || !told || one.took > answerWithin {
			t.Errorf("got %+v", one)
		}
	}
}

// notReady checks that the instance says so soon, and lives.
func notReady(t *testing.T, instance *harness.Instance) {
	t.Helper()
	ready := door{name: "readiness", method: http.MethodGet, url: instance.APIURL + "/readyz"}.call(t)
	if ready.status != http.StatusServiceUnavailable || ready.took > readyWithin {
		t.Errorf("got %+v", ready)
	}
	alive := door{name: "health", method: http.MethodGet, url: instance.APIURL + "/healthz"}.call(t)
	if alive.status != http.StatusOK || alive.took > readyWithin {
		t.Errorf("got %+v", alive)
	}
}

package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/test/harness"
)

// TestTrafficIsCounted sends requests whose answers are known through every way in, on
// SQLite.
func TestTrafficIsCounted(t *testing.T) {
	db := "sqlite:" + filepath.Join(t.TempDir(), "ration.db")
	c := newCallers(t, db, 1)
	c.callAll(0)
	c.stop()
	c.want(1)
	c.fleet[0].Start()
	c.fleet[0].AwaitReady()
	c.callAll(0)
	c.stop()
	c.want(2)
}

// TestTrafficOfTwoInstances lets two count on one database, and start again within the
// hour.
func TestTrafficOfTwoInstances(t *testing.T) {
	c := newCallers(t, testdb.Postgres(t), 2)
	for range 2 {
		c.callAll(0)
		c.callAll(1)
		c.stop()
		for _, instance := range c.fleet {
			instance.Start()
			instance.AwaitReady()
		}
	}
	c.want(4)
}

// TestTrafficAfterKills kills instances at any time: what they had written stays, and is
// never counted again.
func TestTrafficAfterKills(t *testing.T) {
	for name, db := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "ration.db"), "postgres": testdb.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCallers(t, db, 1)
			c.callAll(0)
			for !maps.Equal(c.counted(), answersOf(1)) { // until all are written
			}
			c.fleet[0].Kill()
			c.want(1)
			c.fleet[0].Start()
			c.fleet[0].AwaitReady()
			c.callAll(0) // perhaps none of it is written
			c.fleet[0].Kill()
			after := c.counted()
			for what, n := range answersOf(1) {
				if after[what] < n || after[what] > 2*n {
					t.Errorf("%d × %s; want %d to %d", after[what], what, n, 2*n)
				}
			}
			c.fleet[0].Start()
			c.fleet[0].AwaitReady()
			c.stop()
			if counted := c.counted(); !maps.Equal(counted, after) {
				t.Errorf("without a request there are %v, and were %v", counted, after)
			}
		})
	}
}

// callers send requests to some instances on a database.
type callers struct {
	*testing.T
	db    string
	fleet []*harness.Instance
	token string
	key   harness.Key // whose quota is 0
	free  harness.Key // without limits
}

func newCallers(t *testing.T, db string, instances int) *callers {
	t.Helper()
	harness.CLI(t, db, "migrate")
	c := &callers{T: t, db: db, key: harness.CreateKey(t, db, "--limit", "0/lifetime"), free: harness.CreateKey(t, db, "--unlimited")}
	c.token = strings.TrimSpace(harness.CLI(t, db, "tokens", "create", "traffic", "--scope", "verify", "-q"))
	upstream := harness.NewUpstream(t)
	for range instances {
		instance := harness.NewInstance(t, db, upstream.URL)
		instance.Start()
		instance.AwaitReady()
		c.fleet = append(c.fleet, instance)
	}
	return c
}

// callAll sends what answersOf has the answers of.
func (c *callers) callAll(instance int) {
	c.Helper()
	proxy, verify := c.fleet[instance].ProxyURL, c.fleet[instance].APIURL
	for range 3 {
		c.send(http.MethodGet, proxy, "", "X-API-Key", c.free.Secret)
	}
	c.send(http.MethodGet, proxy+"/fail", "", "X-API-Key", c.free.Secret) // which the upstream answers
	for range 2 {
		c.send(http.MethodGet, proxy, "", "X-API-Key", c.key.Secret)
	}
	c.send(http.MethodGet, proxy, "")
	c.send(http.MethodGet, proxy, "", "X-API-Key", "a'b%_\\")
	c.send(http.MethodGet, proxy+"/v1/usage", "", "X-API-Key", c.free.Secret)
	authorization := []string{"Authorization", "Bearer " + c.token, "Content-Type", "application/json"}
	c.send(http.MethodPost, verify+"/v1/verify", `{"secret":"`+c.free.Secret+`"}`, authorization...)
	for range 2 {
		c.send(http.MethodPost, verify+"/v1/verify", `{"secret":"`+c.key.Secret+`"}`, authorization...)
	}
	c.send(http.MethodPost, verify+"/v1/verify", `{`, authorization...)
	c.send(http.MethodPost, verify+"/v1/verify", `{"secret":"x"}`, "Authorization", "Bearer no", "Content-Type", "application/json")
	var reserved struct{ Reservation api.Reservation }
	body := c.send(http.MethodPost, verify+"/v1/reservations", `{"secret":"`+c.free.Secret+`"}`, authorization...)
	if err := json.Unmarshal(body, &reserved); err != nil {
		c.Fatalf("%s: %v", body, err)
	}
	c.send(http.MethodPost, verify+"/v1/reservations/"+reserved.Reservation.ID+"/settle", `{"key":"`+c.free.ID+`"}`, authorization...)
	c.send(http.MethodPost, verify+"/v1/reservations/"+reserved.Reservation.ID+"/void", `{"key":"`+c.free.ID+`"}`, authorization...)
}

func (c *callers) send(method, url, body string, header ...string) []byte {
	c.Helper()
	request, err := http.NewRequestWithContext(c.Context(), method, url, strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		c.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		c.Fatal(err)
	}
	return bytes.TrimSpace(answer)
}

func (c *callers) stop() {
	c.Helper()
	for _, instance := range c.fleet {
		if code := instance.Stop(); code != 0 {
			c.Errorf("exit code %d", code)
		}
	}
}

// answersOf is what so many times callAll are answered.
func answersOf(times int64) map[string]int64 {
	answers := map[string]int64{
		"proxy ok": 4, "proxy quota_exceeded": 2, "proxy key_missing": 1, "proxy key_unknown": 1,
		"verify ok": 1, "verify quota_exceeded": 2, "verify invalid_body": 1, "verify token_invalid": 1,
		"reservations ok": 2, "reservations reservation_conflict": 1,
	}
	for what := range answers {
		answers[what] *= times
	}
	return answers
}

// want wants the answers of so many times callAll to be counted, and nothing else.
func (c *callers) want(times int64) {
	c.Helper()
	if got, want := c.counted(), answersOf(times); !maps.Equal(got, want) {
		c.Errorf("%v were counted, want %v", got, want)
	}
}

// counted returns what "ration traffic" knows of.
func (c *callers) counted() map[string]int64 {
	c.Helper()
	var report api.TrafficReport
	out := harness.CLI(c.T, c.db, "traffic", "-o", "json")
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		c.Fatalf("traffic printed %q: %v", out, err)
	}
	counted := map[string]int64{}
	for _, sum := range report.Sums {
		counted[sum.Via+" "+sum.Code] = sum.Answers
	}
	return counted
}

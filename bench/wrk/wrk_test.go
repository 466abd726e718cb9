package wrk_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ration-dev/ration/bench/tally"
	"github.com/ration-dev/ration/bench/wrk"
)

func TestParse(t *testing.T) {
	t.Parallel()
	const head = "Running 1s test @ http://127.0.0.1:1\n\nRESULT "
	for _, row := range []struct {
		name, output string
		want         string // part of the error
	}{
		{"a good run", head + `{"Sent":11,"Answered":10,"Microseconds":500000,"P50":1000,"P99":2000,"Connect":0,"Read":0,"Write":0,"Status":0,"Timeout":0,"UnitsSent":[5,6]}` + "\n", ""},
		{"no result", "Running 1s test\nunable to connect", "no result"},
		{"half a result", head + `{"Sent":11,`, "reading wrk's result"},
		{"a status over 399", head + `{"Sent":1,"Answered":1,"Microseconds":1,"Status":1}` + "\n", "1 answers had a status over 399"},
		{"a connection that was closed", head + `{"Sent":1,"Answered":1,"Microseconds":1,"Read":2}` + "\n", "2 reads"},
		{"an answer too late", head + `{"Sent":1,"Answered":1,"Microseconds":1,"Timeout":3}` + "\n", "3 did not come in time"},
		{"no connection", head + `{"Sent":1,"Answered":1,"Microseconds":1,"Connect":4}` + "\n", "4 connections failed"},
		{"no answer", head + `{"Sent":2,"Answered":0,"Microseconds":1}` + "\n", "no answer"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			result, err := wrk.Parse([]byte(row.output))
			if row.want != "" {
				if err == nil || !strings.Contains(err.Error(), row.want) {
					t.Errorf("got error %v, want %q", err, row.want)
				}
				return
			}
			if err != nil || result.PerSecond != 20 || result.P50 != time.Millisecond || result.P99 != 2*time.Millisecond ||
				result.Sent != 11 || result.Answered != 10 || len(result.UnitsSent) != 2 || result.UnitsSent[1] != 6 {
				t.Errorf("got %+v, %v", result, err)
			}
		})
	}
}

// api counts what it is asked, by secret, and how often each kind came.
type api struct {
	mu     sync.Mutex
	units  map[string]int64
	kinds  map[string]int
	status int
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	time.Sleep(2 * time.Millisecond) // lest this test keeps the processors busy
	var body struct {
		Secret string `json:"secret"`
		Units  int64  `json:"units"`
	}
	_ = json.NewDecoder(r.Body).Decode(&body)
	secret, units := body.Secret, body.Units
	if r.Method == http.MethodGet {
		secret, units = r.Header.Get("X-Api-Key"), 1
	}
	a.mu.Lock()
	a.units[secret] += units
	a.kinds[r.Method+" "+r.URL.String()+" "+r.Header.Get("Accept")]++
	a.mu.Unlock()
	w.WriteHeader(a.status)
}

// TestRunSendsWhatItSays runs wrk itself, for a second.
func TestRunSendsWhatItSays(t *testing.T) {
	t.Parallel()
	a := &api{units: make(map[string]int64), kinds: make(map[string]int), status: http.StatusOK}
	server := httptest.NewServer(a)
	defer server.Close()
	load := wrk.Load{
		URL: server.URL, Secrets: []string{"rk_a", "rk_b%1", "rk_c"}, Connections: 4, Length: time.Second,
		Kinds: []wrk.Kind{
			{Method: http.MethodGet, Path: "/x?y=1", Headers: map[string]string{"X-Api-Key": "SECRET", "Accept": "a/b"}, Units: 1},
			{Method: http.MethodPost, Path: "/v", Body: `{"secret":"SECRET","units":3}`, Units: 3},
		},
	}
	result, err := wrk.Run(t.Context(), t.TempDir(), load)
	if err != nil {
		t.Fatal(err)
	}
	server.Close() // after all requests
	got := tally.Count{}
	for _, secret := range load.Secrets {
		got.Units = append(got.Units, a.units[secret])
	}
	seen := tally.Seen{Answered: result.Answered, Sent: result.Sent, Connections: 4, Units: result.UnitsSent, MostUnits: 3, Alike: true}
	if err := tally.Check(tally.Count{Units: make([]int64, 3)}, got, seen); err != nil {
		t.Errorf("%v: got %v of %v", err, a.units, result)
	}
	if len(a.units) != 3 || len(a.kinds) != 2 || a.kinds["GET /x?y=1 a/b"] == 0 || a.kinds["POST /v "] == 0 {
		t.Errorf("got units %v of kinds %v", a.units, a.kinds)
	}
}

// TestRunFailsOfRefusals of another kind than 2xx and 3xx.
func TestRunFailsOfRefusals(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(&api{units: make(map[string]int64), kinds: make(map[string]int), status: http.StatusTooManyRequests})
	defer server.Close()
	_, err := wrk.Run(t.Context(), t.TempDir(), wrk.Load{
		URL: server.URL, Secrets: []string{"rk_a"}, Connections: 1, Length: time.Second,
		Kinds: []wrk.Kind{{Method: http.MethodGet, Path: "/", Headers: map[string]string{"X-Api-Key": "SECRET"}, Units: 1}},
	})
	if err == nil || !strings.Contains(err.Error(), "had a status over 399") {
		t.Errorf("got error %v", err)
	}
}

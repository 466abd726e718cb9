package e2e_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/test/harness"
)

// TestSecondsAreCountedToTheThousandth has an upstream report how many seconds it took,
// through the real binary: reserved, settled, shown and refused in decimals.
func TestSecondsAreCountedToTheThousandth(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Seconds", r.URL.Query().Get("took"))
		_, _ = io.WriteString(w, "ok")
	}))
	defer upstream.Close()
	db := "sqlite:" + filepath.Join(t.TempDir(), "ration.db")
	harness.CLI(t, db, "migrate")
	harness.CLI(t, db, "meters", "set", "seconds", "--unit", "0.001")
	key := harness.CreateKey(t, db, "--limit", "2.5 seconds/day", "--time-zone", harness.NoonZone())
	config := filepath.Join(t.TempDir(), "ration.yaml")
	content := "routes:\n  - path: /work\n    amounts: {seconds: 1.5}\n    reserve: {ttl: 1m}\n    settle: {seconds: {header: X-Seconds}}\n"
	if err := os.WriteFile(config, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	instance := harness.NewInstance(t, db, upstream.URL, "--config", config)
	instance.Start()
	instance.AwaitReady()
	work := func(took string) (int, api.Problem) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, instance.ProxyURL+"/work?took="+took, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+key.Secret)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		var problem api.Problem
		if response.StatusCode != http.StatusOK {
			if err := json.NewDecoder(response.Body).Decode(&problem); err != nil {
				t.Fatal(err)
			}
		} else if _, err := io.Copy(io.Discard, response.Body); err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, problem
	}
	for took, want := range map[string]string{"0.25": "0.25", "7.5e-1": "1"} { // in any order they add up to 1
		if status, problem := work(took); status != http.StatusOK {
			t.Fatalf("%s: %d %+v", want, status, problem)
		}
	}
	if status, problem := work("0.0001"); status != http.StatusOK { // 1.5 of the 1.5 that remain are reserved; a thousandth is counted
		t.Fatalf("%d %+v", status, problem)
	}
	status, problem := work("1")
	if status != http.StatusTooManyRequests || *problem.Limit != "2.5" || *problem.Used != "1.001" || *problem.Cost != "1.5" || !strings.Contains(problem.Detail, "allows 2.5 seconds per day; 1.001 are used and this request asks for 1.5") {
		t.Errorf("got %d %+v", status, problem)
	}
	usage, text := usageAt(t, instance.ProxyURL, key.Secret)
	if len(usage.Limits) != 1 || usage.Limits[0].Used != "1.001" || usage.Limits[0].Remaining != "1.499" {
		t.Errorf("/v1/usage says %s", text)
	}
	if shown := harness.CLI(t, db, "keys", "show", key.ID); !strings.Contains(shown, "2.5/day  1.001  0         1.499") {
		t.Errorf("keys show says\n%s", shown)
	}
	if said := instance.Log(); strings.Count(said, "finer than the unit of their meter") != 1 {
		t.Errorf("the log says\n%s", said)
	}
}

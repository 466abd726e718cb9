package e2e_test

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/test/harness"
)

// TestHoldersOfKeysSeeWhatRemainsAlsoAfterAKill asks the real binary, on both
// listeners, before and after kill -9.
func TestHoldersOfKeysSeeWhatRemainsAlsoAfterAKill(t *testing.T) {
	db, upstream := "sqlite:"+filepath.Join(t.TempDir(), "ration.db"), harness.NewUpstream(t)
	harness.CLI(t, db, "migrate")
	key := harness.CreateKey(t, db, "--limit", "2/day", "--time-zone", harness.NoonZone())
	instance := harness.NewInstance(t, db, upstream.URL)
	instance.Start()
	instance.AwaitReady()
	client := harness.NewClient()
	for _, want := range []harness.Outcome{harness.Admitted, harness.Admitted, harness.Denied} {
		if got := client.Call(t.Context(), instance.ProxyURL, key.Secret); got != want {
			t.Errorf("outcome %d, want %d", got, want)
		}
	}
	look := func() {
		for _, url := range []string{instance.ProxyURL, instance.APIURL} {
			usage, text := usageAt(t, url, key.Secret)
			if len(usage.Limits) != 1 || usage.Limits[0].Used != "2" || usage.Limits[0].Remaining != "0" || len(usage.Usage) != 1 || usage.Usage[0].Denied != 1 || usage.Key.ID != key.ID {
				t.Errorf("%s says %s", url, text)
			}
			if strings.Contains(text, key.Secret) {
				t.Errorf("%s tells the secret", url)
			}
		}
	}
	look()
	instance.Kill()
	instance.Start()
	instance.AwaitReady()
	look()
	if used := harness.Used(t, db, key.ID); used != 2 {
		t.Errorf("%d requests are counted, want 2", used)
	}
}

func usageAt(t *testing.T, url, secret string) (usage api.OwnUsage, text string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/v1/usage", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-API-Key", secret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &usage); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s, %v", url, response.Status, body, err)
	}
	return usage, string(body)
}

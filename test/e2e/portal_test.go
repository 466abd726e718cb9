package e2e_test

import (
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/test/harness"
)

// TestHoldersOfKeysSeeInABrowserWhatRemains asks the real binary, on both listeners, with
// all that it logs switched on.
func TestHoldersOfKeysSeeInABrowserWhatRemains(t *testing.T) {
	db, upstream := "sqlite:"+filepath.Join(t.TempDir(), "ration.db"), harness.NewUpstream(t)
	harness.CLI(t, db, "migrate")
	key := harness.CreateKey(t, db, "--limit", "2/day", "--time-zone", harness.NoonZone())
	instance := harness.NewInstance(t, db, upstream.URL, "--portal-path", "/own", "--portal-name", "Acme Weather", "--portal-rotation", "on",
		"--request-log-days", "3", "--log-level", "debug", "--access-log", "stderr")
	instance.Start()
	instance.AwaitReady()
	client := harness.NewClient()
	for _, want := range []harness.Outcome{harness.Admitted, harness.Admitted, harness.Denied} {
		if got := client.Call(t.Context(), instance.ProxyURL, key.Secret); got != want {
			t.Errorf("outcome %d, want %d", got, want)
		}
	}
	seen := upstream.Seen(key.ID)
	for _, base := range []string{instance.ProxyURL, instance.APIURL} {
		for _, row := range []struct {
			path, secret string
			status       int
			want         []string
		}{
			{"/own", key.Secret, 200, []string{"Acme Weather", key.ID, "2 requests per day", "used up", "A quota was used up", "curl -s " + base + "/v1/usage"}},
			{"/own", "rk_unknown", 401, []string{"This key is not known"}},
			{"/own/rotate", key.Secret, 409, []string{"Wait a minute"}},
			{"/own/nothing", key.Secret, 404, []string{"There is no page here"}},
		} {
			status, page := postSecret(t, base+row.path, row.secret)
			for _, want := range row.want {
				if status != row.status || !strings.Contains(page, want) {
					t.Errorf("%s%s: %d, want %d and %q in %s", base, row.path, status, row.status, want, page)
				}
			}
			if strings.Contains(page, key.Secret) {
				t.Errorf("%s%s tells the secret", base, row.path)
			}
		}
	}
	if upstream.Seen(key.ID) != seen || harness.Used(t, db, key.ID) != 2 {
		t.Error("a page was passed on, or counted")
	}
	instance.Stop()
	if log := instance.Log(); strings.Contains(log, key.Secret) || !strings.Contains(log, "usage") {
		t.Errorf("the log has the secret, or nothing of the pages: %s", log)
	}
}

func postSecret(t *testing.T, address, secret string) (status int, page string) {
	t.Helper()
	form := url.Values{"secret": {secret}, "confirm": {"yes"}}.Encode()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

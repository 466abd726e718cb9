package cli_test

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// scrape reads the metrics at a URL.
func scrape(t *testing.T, url string) (families map[string]*dto.MetricFamily, text string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("got %d, %v, %s", response.StatusCode, err, body)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	if families, err = parser.TextToMetricFamilies(strings.NewReader(string(body))); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return families, string(body)
}

// sums adds up a counter by some of its labels, whose values are joined by spaces.
func sums(family *dto.MetricFamily, by ...string) map[string]int {
	found := map[string]int{}
	for _, metric := range family.GetMetric() {
		labels := map[string]string{}
		for _, label := range metric.GetLabel() {
			labels[label.GetName()] = label.GetValue()
		}
		var values []string
		for _, name := range by {
			values = append(values, labels[name])
		}
		found[strings.Join(values, " ")] += int(metric.GetCounter().GetValue())
	}
	return found
}

// TestMetricsCountEveryAnswer compares what a server counts with what its clients got.
func TestMetricsCountEveryAnswer(t *testing.T) {
	f := newAccessFixture(t)
	f.askProxy()
	proxied := len(f.answers)
	f.askVerifyAPI()
	f.askWithIDs()
	want, failed := map[string]int{}, 0
	for i, answer := range f.answers {
		code, via := answer.code, "verify"
		switch {
		case i < proxied || answer.name == "id of another form" && code == "key_missing":
			via = "proxy"
		case answer.name == "nothing reserved" || answer.name == "unknown reservation":
			via = "reservations"
		}
		if code == "upstream_failed" { // it was let through before
			failed++
			if code = "free"; answer.key {
				code = "ok"
			}
		}
		want[via+" "+code]++
	}
	var families map[string]*dto.MetricFamily
	var text string
	got := map[string]int{}
	for deadline := time.Now().Add(10 * time.Second); !cmp.Equal(got, want) && time.Now().Before(deadline); { // the last answer is counted after it was sent
		families, text = scrape(t, f.server.api+"/metrics")
		got = sums(families["ration_decisions_total"], "via", "code")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decisions by way in and code (-clients +server):\n%s", diff)
	}
	routes := sums(families["ration_decisions_total"], "route")
	for route, least := range map[string]int{"/ask": 10, "/free/*": 2, "/once": 3, "/guarded": 1, "/v1/verify": 7, "/v1/reservations": 1, "/v1/reservations/{id}/settle": 1, "other": 3} {
		if routes[route] < least {
			t.Errorf("%d answers on route %s, want %d or more", routes[route], route, least)
		}
	}
	if len(routes) != 9 { // and /much
		t.Errorf("the routes are %v", routes)
	}
	if got := sums(families["ration_upstream_failures_total"], "code"); got["upstream_failed"] != failed {
		t.Errorf("failures of the upstream are %v, want %d", got, failed)
	}
	if got := sums(families["ration_refunds_total"], "via", "code"); got["proxy ok"] != 1 {
		t.Errorf("refunds are %v", got)
	}
	histogram := families["ration_batch_items"].GetMetric()[0].GetHistogram()
	if histogram.GetSampleCount() == 0 || histogram.GetSampleSum() < float64(got["proxy ok"]) {
		t.Errorf("%d batches had %v items", histogram.GetSampleCount(), histogram.GetSampleSum())
	}
	for _, canary := range []string{f.secret, f.token, "canary", "key_0", `"ada"`} {
		if _, after, found := strings.Cut(text, canary); found {
			t.Errorf("the metrics have %s%.50s", canary, after)
		}
	}
	if said := f.server.stop(); strings.Contains(said.stdout, `"route":"/metrics"`) || strings.Count(said.stdout, "answered") != len(f.answers) {
		t.Errorf("the access log has scrapes:\n%s", said.stdout)
	}
}

// TestMetricsTellOfTheDatabase: of a server's file, also at an address of their own.
func TestMetricsTellOfTheDatabase(t *testing.T) {
	server := startServer(t, nil, "--db", "sqlite:"+filepath.Join(t.TempDir(), "ration.db"), "--metrics-listen", "127.0.0.1:0", "--accept-overage", "--log-format", "json")
	address := listenAddress(t, server, "serving the metrics")
	var families map[string]*dto.MetricFamily
	for deadline := time.Now().Add(10 * time.Second); families["ration_database_size_bytes"] == nil && time.Now().Before(deadline); {
		families, _ = scrape(t, "http://"+address+"/metrics")
	}
	for name, least := range map[string]float64{"ration_ready": 1, "ration_schema_version": 23, "ration_database_size_bytes": 4096, "ration_reservations_open": 0, "ration_lanes": 1} {
		if metrics := families[name].GetMetric(); len(metrics) != 1 || metrics[0].GetGauge().GetValue() < least {
			t.Errorf("%s is %v, want %v or more", name, metrics, least)
		}
	}
	for what, value := range map[string]float64{"overage": 1, "fail_open": 0, "standby_away": 0} {
		for _, metric := range families["ration_promise_weakened"].GetMetric() {
			if metric.GetLabel()[0].GetValue() == what && metric.GetGauge().GetValue() != value {
				t.Errorf("promises: %v, want %s to be %v", metric, what, value)
			}
		}
	}
	if got, known := sums(families["ration_purge_failures_total"], "table")["reservations"]; !known || got != 0 {
		t.Errorf("failed deletions of reservations: %d, told: %t", got, known)
	}
	if got := statusOf(t, server.api+"/metrics"); got != http.StatusNotFound {
		t.Errorf("the verify API answers with %d", got)
	}
}

func TestMetricsCanBeOff(t *testing.T) {
	server := startServer(t, nil, "--db", "sqlite:"+filepath.Join(t.TempDir(), "ration.db"), "--metrics-listen", "off")
	if got := statusOf(t, server.api+"/metrics"); got != http.StatusNotFound {
		t.Errorf("got %d", got)
	}
}

// statusOf returns the status of the answer to a GET.
func statusOf(t *testing.T, url string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

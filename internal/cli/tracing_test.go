package cli_test

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// spans is a collector of OpenTelemetry. It is safe for concurrent use.
type spans struct {
	url string

	mu   sync.Mutex
	all  []*tracev1.Span
	text strings.Builder // all that it got
}

// collect starts a collector, and has what is started next send its spans there.
func collect(t *testing.T) *spans {
	t.Helper()
	s := &spans{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		got := new(collector.ExportTraceServiceRequest)
		if err == nil {
			err = proto.Unmarshal(body, got)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.text.WriteString(protojson.Format(got))
		for _, resource := range got.GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				s.all = append(s.all, scope.GetSpans()...)
			}
		}
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
	return s
}

// of returns the spans of a kind, in the order of their starts.
func (s *spans) of(kind tracev1.Span_SpanKind) []*tracev1.Span {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := slices.DeleteFunc(slices.Clone(s.all), func(span *tracev1.Span) bool { return span.GetKind() != kind })
	slices.SortStableFunc(found, func(a, b *tracev1.Span) int { return int(a.GetStartTimeUnixNano()) - int(b.GetStartTimeUnixNano()) })
	return found
}

// attribute returns the text of a span's attribute; empty: it has none.
func attribute(span *tracev1.Span, name string) string {
	for _, one := range span.GetAttributes() {
		if one.GetKey() == name {
			if text := one.GetValue().GetStringValue(); text != "" {
				return text
			}
			return fmt.Sprint(one.GetValue().GetIntValue())
		}
	}
	return ""
}

func (s *spans) only(t *testing.T, kind tracev1.Span_SpanKind) *tracev1.Span {
	t.Helper()
	found := s.of(kind)
	if len(found) != 1 {
		t.Fatalf("there are %d spans of kind %s: %v", len(found), kind, found)
	}
	return found[0]
}

const (
	callersTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	callersSpan  = "00f067aa0ba902b7"
)

// callThrough sends a request through a proxy before an upstream that returns the
// traceparent that it gets.
func callThrough(t *testing.T, args ...string) (seen string) {
	t.Helper()
	upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.Header.Get("Traceparent") }))
	t.Cleanup(upstream.Close)
	database := "sqlite:" + filepath.Join(t.TempDir(), "ration.db")
	secret := must(t, database, "keys", "create", "ada", "-q")
	server := startServer(t, nil, append([]string{"--db", database, "--upstream", upstream.URL, "--listen", "127.0.0.1:0", "--log-format", "json"}, args...)...)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+listenAddress(t, server, "serving the proxy")+"/canary?canary=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Api-Key", secret)
	request.Header.Set("Traceparent", "00-"+callersTrace+"-"+callersSpan+"-01")
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if said := server.stop(); response.StatusCode != http.StatusOK || said.code != 0 {
		t.Fatalf("got %d, and the server %+v", response.StatusCode, said)
	}
	return seen
}

// TestTraceGoesThroughTheProxy from the caller to the batch and the upstream.
func TestTraceGoesThroughTheProxy(t *testing.T) {
	collected := collect(t)
	seen := callThrough(t, "--trusted-proxies", "127.0.0.1")
	request, batch, upstream := collected.only(t, tracev1.Span_SPAN_KIND_SERVER), collected.only(t, tracev1.Span_SPAN_KIND_INTERNAL), collected.only(t, tracev1.Span_SPAN_KIND_CLIENT)
	for _, span := range []*tracev1.Span{request, batch, upstream} {
		if got := hex.EncodeToString(span.GetTraceId()); got != callersTrace {
			t.Errorf("%s is of trace %s", span.GetName(), got)
		}
	}
	if want := fmt.Sprintf("00-%s-%x-01", callersTrace, upstream.GetSpanId()); seen != want {
		t.Errorf("the upstream got %q, want %q", seen, want)
	}
	for name, row := range map[string][2]string{
		"the caller":  {hex.EncodeToString(request.GetParentSpanId()), callersSpan},
		"the request": {string(upstream.GetParentSpanId()), string(request.GetSpanId())},
		"its batch":   {string(batch.GetParentSpanId()), string(request.GetSpanId())},
	} {
		if row[0] != row[1] {
			t.Errorf("below %s is %x, want %x", name, row[0], row[1])
		}
	}
	if links := batch.GetLinks(); len(links) != 1 || string(links[0].GetSpanId()) != string(request.GetSpanId()) {
		t.Errorf("the batch has links to %v", links)
	}
	if links := request.GetLinks(); len(links) != 1 || string(links[0].GetSpanId()) != string(batch.GetSpanId()) {
		t.Errorf("the request has links to %v", links)
	}
	if request.GetName() != "GET unmatched" || attribute(request, "ration.code") != "ok" || attribute(request, "ration.via") != "proxy" || attribute(request, "http.response.status_code") != "200" ||
		attribute(batch, "ration.batch.items") != "1" || attribute(batch, "ration.store") != "sqlite" || attribute(upstream, "server.address") != "127.0.0.1" {
		t.Errorf("got %v, %v, %v", request, batch, upstream)
	}
	if strings.Contains(collected.text.String(), "canary") {
		t.Errorf("the spans have the path or the query: %s", &collected.text)
	}
}

// TestTracesAreOffUnlessAskedFor, and then the caller's own passes as it is.
func TestTracesAreOffUnlessAskedFor(t *testing.T) {
	for name, off := range map[string][2]string{"nothing": {"OTEL_EXPORTER_OTLP_ENDPOINT", ""}, "disabled": {"OTEL_SDK_DISABLED", "true"}, "no exporter": {"OTEL_TRACES_EXPORTER", "none"}} {
		t.Run(name, func(t *testing.T) {
			collected := collect(t)
			t.Setenv(off[0], off[1])
			if seen := callThrough(t); seen != "00-"+callersTrace+"-"+callersSpan+"-01" {
				t.Errorf("the upstream got %q", seen)
			}
			if len(collected.all) > 0 {
				t.Errorf("got %v", collected.all)
			}
		})
	}
}

// TestEveryAnswerHasASpan: it tells what the access log tells, and no secret.
func TestEveryAnswerHasASpan(t *testing.T) {
	collected := collect(t)
	f := newAccessFixture(t)
	f.askProxy()
	f.askVerifyAPI()
	f.askWithIDs()
	access := linesByRequest(t, f.server.stop().stdout, "answered")
	found := collected.of(tracev1.Span_SPAN_KIND_SERVER)
	if len(found) != len(f.answers) {
		t.Errorf("%d spans of %d answers", len(found), len(f.answers))
	}
	for _, span := range found {
		logged := access[attribute(span, "ration.request_id")]
		got := line{
			Msg: "answered", Via: attribute(span, "ration.via"), RequestID: attribute(span, "ration.request_id"), Route: attribute(span, "http.route"), Code: attribute(span, "ration.code"),
			KeyID: attribute(span, "ration.key_id"), Limit: attribute(span, "ration.limit"), Method: attribute(span, "http.request.method"), Client: logged.Client, Refunded: logged.Refunded,
		}
		_, _ = fmt.Sscan(attribute(span, "http.response.status_code"), &got.Status)
		if logged.Code == "upstream_failed" { // of the span it is an event
			logged.Code = got.Code
		}
		if diff := cmp.Diff(logged, got); diff != "" {
			t.Errorf("%s (-access log +span):\n%s", span.GetName(), diff)
		}
	}
	for _, canary := range []string{f.secret, f.token, "canary"} {
		if strings.Contains(collected.text.String(), canary) {
			t.Errorf("the spans have %s", canary)
		}
	}
}

// TestOnlyAppsAreBelievedAboutRecording: whoever reaches the paths of the verify API that
// need no token has no request recorded that way.
func TestOnlyAppsAreBelievedAboutRecording(t *testing.T) {
	for _, row := range []struct {
		name     string
		token    bool
		trusted  bool
		path     string
		recorded bool
	}{
		{"an app", true, false, "/v1/verify", true},
		{"a stranger", false, false, "/v1/verify", false},
		{"a stranger at the usage page", false, false, "/v1/usage", false},
		{"a trusted proxy", false, true, "/v1/usage", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			collected := collect(t)
			t.Setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
			database := "sqlite:" + filepath.Join(t.TempDir(), "ration.db")
			token := strings.TrimSpace(must(t, database, "tokens", "create", "app", "--scope", "verify", "-q"))
			var environment []string
			if row.trusted {
				environment = append(environment, "RATION_TRUSTED_PROXIES=127.0.0.1")
			}
			server := startServer(t, environment, "--db", database)
			ask := func(trace string) {
				header := http.Header{"Content-Type": {"application/json"}}
				if trace != "" {
					header.Set("Traceparent", trace)
				}
				if row.token {
					header.Set("Authorization", "Bearer "+token)
				}
				statusOfRequest(t, http.MethodPost, server.api+row.path, strings.NewReader(`{"secret":"rk_x"}`), header)
			}
			ask("") // a token is known once it was valid
			ask("00-" + callersTrace + "-" + callersSpan + "-01")
			server.stop()
			if got := len(collected.of(tracev1.Span_SPAN_KIND_SERVER)); (got == 1) != row.recorded {
				t.Errorf("%d requests are recorded, want that of the trace: %t", got, row.recorded)
			}
		})
	}
}

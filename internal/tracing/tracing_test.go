package tracing

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/propagation"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/observe"
	"github.com/ration-dev/ration/rationhttp"
)

// newTracer returns a tracer and what its spans are kept by.
func newTracer(t *testing.T, sampler sdk.Sampler) (*Tracer, *tracetest.SpanRecorder) {
	t.Helper()
	kept := tracetest.NewSpanRecorder()
	provider := sdk.NewTracerProvider(sdk.WithSampler(sampler), sdk.WithSpanProcessor(kept))
	return &Tracer{provider: provider, tracer: provider.Tracer("test")}, kept
}

func always() sdk.Sampler { return sampler{root: sdk.AlwaysSample(), obeysParents: true} }
func never() sdk.Sampler  { return sampler{root: sdk.NeverSample(), obeysParents: true} }

// TestBatchIsLinkedToEachRequestThatItDecides, and to none that isn't recorded.
func TestBatchIsLinkedToEachRequestThatItDecides(t *testing.T) {
	tracer, kept := newTracer(t, always())
	var callers []context.Context
	var requests []trace.Span
	for range 3 {
		ctx, span := tracer.tracer.Start(t.Context(), "request")
		callers, requests = append(callers, t.Context(), ctx), append(requests, span)
	}
	ctx, end := tracer.Batches().BatchStarts(t.Context(), observe.Batch{Store: "postgres", Lane: 1, Items: 6, Waiting: 2}, slices.Values(callers))
	observe.Of(ctx).Retried(observe.Retry{Reason: observe.RetryConflict})
	observe.Of(ctx).CommitResolved(observe.Resolution{Outcome: observe.CommitFound})
	end(observe.Batch{Err: ration.ErrOutcomeUnknown})
	for _, span := range requests {
		span.End()
	}
	var batch sdk.ReadOnlySpan
	links := 0
	for _, span := range kept.Ended() {
		if span.Name() == "ration.batch" {
			batch = span
			continue
		}
		for _, link := range span.Links() {
			links++
			if link.SpanContext.SpanID() != batch.SpanContext().SpanID() {
				t.Errorf("a request is linked to %v", link)
			}
		}
	}
	if links != 3 || len(batch.Links()) != 3 {
		t.Fatalf("%d links of requests, %d of the batch", links, len(batch.Links()))
	}
	for i, link := range batch.Links() {
		if link.SpanContext.SpanID() != requests[i].SpanContext().SpanID() {
			t.Errorf("link %d is of another span", i)
		}
	}
	events := batch.Events()
	if len(events) != 2 || events[0].Name != "ration.retry" || events[0].Attributes[0].Value.AsString() != "conflict" || events[1].Name != "ration.lost_commit" || batch.Status().Code.String() != "Error" {
		t.Errorf("the batch's events are %v, and its status is %v", events, batch.Status())
	}
	if ctx, end := tracer.Batches().BatchStarts(t.Context(), observe.Batch{}, slices.Values(callers[:1])); end != nil || ctx != t.Context() {
		t.Error("a batch without a recorded request has a span")
	}
}

// TestWhoIsBelievedAboutRecording: whoever calls keeps its trace, and only who is trusted
// says whether it is recorded.
func TestWhoIsBelievedAboutRecording(t *testing.T) {
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	for name, row := range map[string]struct {
		sampler  sdk.Sampler
		flags    string // of the caller; empty: it has no trace
		trusted  bool
		recorded bool
	}{
		"no trace":                       {always(), "", false, true},
		"no trace, none recorded":        {never(), "", true, false},
		"trusted, recorded":              {never(), "01", true, true},
		"trusted, not recorded":          {always(), "00", true, false},
		"untrusted, recorded":            {never(), "01", false, false},
		"untrusted, not recorded":        {always(), "00", false, true},
		"trusted, and nobody is obeyed":  {sampler{root: sdk.NeverSample()}, "01", true, false},
		"trusted, nobody obeyed, always": {sampler{root: sdk.AlwaysSample()}, "00", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			tracer, kept := newTracer(t, row.sampler)
			var sent string
			upstream := tracer.Transport(roundTripper(func(r *http.Request) { sent = r.Header.Get("Traceparent") }))
			handler := tracer.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				tracer.Observe(r.Context(), rationhttp.Event{Via: "proxy", Route: "/ask", Code: ration.CodeOK})
				out, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "http://x/canary", nil)
				if err != nil {
					t.Fatal(err)
				}
				if response, err := upstream.RoundTrip(out); err == nil {
					_ = response.Body.Close()
				}
				if out.Header.Get("Traceparent") != "" {
					t.Error("the caller's request is changed")
				}
			}), func(*http.Request) bool { return row.trusted })
			request := httptest.NewRequest(http.MethodGet, "/ask", nil)
			if row.flags != "" {
				request.Header.Set("Traceparent", "00-"+id+"-00f067aa0ba902b7-"+row.flags)
			}
			handler.ServeHTTP(httptest.NewRecorder(), request)
			want := 0
			flags := "-00"
			if row.recorded {
				want, flags = 2, "-01"
			}
			if got := len(kept.Ended()); got != want {
				t.Errorf("%d spans, want %d", got, want)
			}
			if !strings.HasSuffix(sent, flags) || row.flags != "" && !strings.HasPrefix(sent, "00-"+id+"-") {
				t.Errorf("the upstream got %q", sent)
			}
		})
	}
}

type roundTripper func(*http.Request)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	f(r)
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}

func TestVariables(t *testing.T) {
	endpoint := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
	for name, row := range map[string]struct {
		variables map[string]string
		traces    bool
		err       string // a part of it
	}{
		"none":                 {nil, false, ""},
		"an endpoint":          {endpoint, true, ""},
		"one of traces":        {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1/v1/traces"}, true, ""},
		"an exporter":          {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true, ""},
		"no exporter":          {map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, false, ""},
		"disabled":             {map[string]string{"OTEL_SDK_DISABLED": "TRUE", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, false, ""},
		"another exporter":     {map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, false, "use otlp or none"},
		"another protocol":     {map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, "use http/protobuf"},
		"the protocol":         {map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"}, true, ""},
		"an unknown sampler":   {map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_TRACES_SAMPLER": "jaeger_remote"}, false, "OTEL_TRACES_SAMPLER"},
		"a ratio":              {map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.01"}, true, ""},
		"a ratio above one":    {map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "2"}, false, "from 0 to 1"},
		"a ratio of no number": {map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "NaN"}, false, "from 0 to 1"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, name := range []string{"OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"} {
				t.Setenv(name, row.variables[name])
			}
			tracer, err := New(t.Context(), Config{Version: "1", ID: "x"})
			if (tracer != nil) != row.traces || (err != nil) != (row.err != "") || err != nil && !strings.Contains(err.Error(), row.err) {
				t.Errorf("got %v, %v", tracer, err)
			}
			tracer.Close(t.Context())
		})
	}
}

// TestNoTracerDoesNothing where nothing asks for traces.
func TestNoTracerDoesNothing(t *testing.T) {
	var none *Tracer
	next := http.NotFoundHandler()
	if got := none.Handler(next, nil); got == nil || none.Batches() != nil || none.Transport(http.DefaultTransport) != http.DefaultTransport {
		t.Error("it is in the way")
	}
	if allocated := testing.AllocsPerRun(100, func() { none.Observe(t.Context(), rationhttp.Event{}) }); allocated > 0 {
		t.Errorf("%v allocations", allocated)
	}
	none.Close(t.Context())
}

// TestFewTracesAreRecordedUnlessAllAreAskedFor, but all that a believed caller has recorded.
func TestFewTracesAreRecordedUnlessAllAreAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tracer, kept := newTracer(t, sampler{root: new(few), obeysParents: true})
		begin := func(traceparent string) {
			header := http.Header{}
			if traceparent != "" {
				header.Set("Traceparent", traceparent)
			}
			_, span := tracer.begin(t.Context(), propagation.HeaderCarrier(header), true, "x")
			span.End()
		}
		for second := range 3 {
			for range 1000 {
				begin("")
			}
			if got := len(kept.Ended()); got != (second+1)*mostPerSecond {
				t.Errorf("%d traces are recorded after %d seconds", got, second)
			}
			time.Sleep(time.Second)
		}
		for range mostPerSecond + 5 { // who calls has decided these
			begin("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
		}
		if got := len(kept.Ended()); got != 4*mostPerSecond+5 {
			t.Errorf("%d are recorded, with those of callers", got)
		}
	})
}

// BenchmarkRequest measures what a request costs beside the way in, where it is not
// recorded, and where it is, without what sends spans.
func BenchmarkRequest(b *testing.B) {
	full := &few{second: math.MaxInt64, taken: mostPerSecond} // for good
	for name, sampler := range map[string]sdk.Sampler{"beyond the few": full, "not recorded": never(), "recorded": always()} {
		b.Run(name, func(b *testing.B) {
			provider := sdk.NewTracerProvider(sdk.WithSampler(sampler))
			tracer := &Tracer{provider: provider, tracer: provider.Tracer("test")}
			tracer.few, _ = sampler.(*few)
			event := rationhttp.Event{Via: "verify", Route: "/v1/verify", Code: ration.CodeOK, RequestID: "x", KeyID: ration.NewKeyID()}
			var ctx context.Context
			handler := tracer.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				ctx = r.Context()
				tracer.Observe(ctx, event)
			}), nil)
			w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/v1/verify", nil)
			b.ReportAllocs()
			for b.Loop() {
				handler.ServeHTTP(w, r)
				_, _ = tracer.Batches().BatchStarts(ctx, observe.Batch{}, func(yield func(context.Context) bool) { yield(ctx) })
			}
		})
	}
}

func TestCallOverGRPCHasASpan(t *testing.T) {
	tracer, kept := newTracer(t, always())
	ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "authorization", "canary"))
	for method, want := range map[string]int{"/grpc.health.v1.Health/Check": 0, "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit": 1} {
		_, err := tracer.Unary(nil)(ctx, nil, &grpc.UnaryServerInfo{FullMethod: method}, func(ctx context.Context, _ any) (any, error) {
			tracer.Observe(ctx, rationhttp.Event{Via: "envoy-ratelimit", Code: ration.CodeOK})
			return nil, status.Error(codes.Unavailable, "canary")
		})
		if got := len(kept.Ended()); got != want && want == 1 || err == nil {
			t.Errorf("%s: %d spans, %v", method, got, err)
		}
	}
	ended := kept.Ended()
	if len(ended) != 1 {
		t.Fatalf("%d spans, want 1", len(ended))
	}
	span := ended[0]
	if span.SpanContext().TraceID().String() != "4bf92f3577b34da6a3ce929d0e0e4736" || span.Status().Code.String() != "Error" || span.Name() != "envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit" {
		t.Errorf("got %v", span)
	}
	told := map[string]string{}
	for _, one := range span.Attributes() {
		told[string(one.Key)] = one.Value.String()
	}
	if told["ration.code"] != "ok" || told["rpc.grpc.status_code"] != "14" || strings.Contains(fmt.Sprint(told, span.Status(), span.Events()), "canary") {
		t.Errorf("it tells %v", told)
	}
}

// TestCallerOverGRPCIsBelievedIfItIsKnown about being recorded, and a stranger is not.
func TestCallerOverGRPCIsBelievedIfItIsKnown(t *testing.T) {
	tracer, kept := newTracer(t, never())
	around := tracer.Unary(func(fields metadata.MD) bool {
		return slices.Equal(fields.Get("authorization"), []string{"Bearer known"})
	})
	for i, token := range []string{"Bearer made-up", "Bearer known"} {
		ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "authorization", token))
		if _, err := around(ctx, nil, &grpc.UnaryServerInfo{FullMethod: "/a/B"}, func(context.Context, any) (any, error) { return nil, nil }); err != nil || len(kept.Ended()) != i {
			t.Errorf("%s: %d spans, %v", token, len(kept.Ended()), err)
		}
	}
}

// TestRequestsBeyondTheFewHaveNoTrace, neither here nor at the upstream.
func TestRequestsBeyondTheFewHaveNoTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := new(few)
		tracer, kept := newTracer(t, sampler{root: first, obeysParents: true})
		tracer.few = first
		traced := 0
		upstream := tracer.Transport(roundTripper(func(r *http.Request) { traced += len(r.Header["Traceparent"]) }))
		handler := tracer.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			tracer.Observe(r.Context(), rationhttp.Event{Code: ration.CodeOK})
			if response, err := upstream.RoundTrip(r); err == nil {
				_ = response.Body.Close()
			}
		}), nil)
		for range 3 * mostPerSecond {
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
		}
		if got := len(kept.Ended()); got != 2*mostPerSecond || traced != mostPerSecond {
			t.Errorf("%d spans, and %d requests to the upstream with a trace", got, traced)
		}
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
		handler.ServeHTTP(httptest.NewRecorder(), request)
		if got := len(kept.Ended()); got != 2*mostPerSecond+2 {
			t.Errorf("%d spans, with those of a caller's trace", got)
		}
	})
}

package tracing

import (
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/ration-dev/ration/internal/answered"
)

// Transport returns a transport that sends as next does, with a span until the answer
// begins. It tells the upstream which trace the request is part of.
func (t *Tracer) Transport(next http.RoundTripper) http.RoundTripper {
	if t == nil {
		return next
	}
	return transport{t, next}
}

type transport struct {
	t    *Tracer
	next http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (p transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !trace.SpanContextFromContext(r.Context()).IsValid() { // the request has no trace
		return p.next.RoundTrip(r)
	}
	method := answered.Method(r)
	ctx, span := p.t.tracer.Start(r.Context(), method, trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()
	r = r.WithContext(ctx)
	r.Header = r.Header.Clone()
	p.t.context.Inject(ctx, propagation.HeaderCarrier(r.Header))
	response, err := p.next.RoundTrip(r)
	if !span.IsRecording() {
		return response, err
	}
	span.SetAttributes(attribute.String("http.request.method", method), attribute.String("server.address", r.URL.Hostname()))
	if err != nil { // its text may have the path
		span.SetStatus(codes.Error, "the upstream gave no answer")
		return response, err
	}
	span.SetAttributes(attribute.Int("http.response.status_code", response.StatusCode))
	if response.StatusCode >= http.StatusBadRequest {
		span.SetStatus(codes.Error, "")
	}
	return response, err
}

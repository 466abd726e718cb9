package tracing

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/ration-dev/ration/internal/answered"
	"github.com/ration-dev/ration/rationhttp"
)

// Handler returns a handler that answers as next does, with a span for each request. The
// trace is that of the caller, if it has one. Obeys says whether it is believed about
// being recorded; nil: each caller is.
func (t *Tracer) Handler(next http.Handler, obeys func(*http.Request) bool) http.Handler {
	if t == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Of a busy server this is most requests, and a span that is not recorded costs too.
		if t.few != nil && len(r.Header["Traceparent"]) == 0 && t.few.isFull() {
			next.ServeHTTP(w, r)
			return
		}
		method := answered.Method(r)
		ctx, span := t.begin(r.Context(), propagation.HeaderCarrier(r.Header), obeys == nil || obeys(r), method)
		if !span.IsRecording() {
			next.ServeHTTP(w, r.WithContext(ctx))
			return
		}
		answer := &answered.Writer{ResponseWriter: w}
		defer func() { // also if the handler panics, as one does whose client has gone
			if answer.Status != 0 {
				span.SetAttributes(attribute.Int("http.response.status_code", answer.Status))
			}
			if answer.Status >= http.StatusInternalServerError {
				span.SetStatus(codes.Error, "")
			}
			span.End()
		}()
		span.SetAttributes(attribute.String("http.request.method", method))
		next.ServeHTTP(answer, r.WithContext(ctx))
		answer.Begin()
	})
}

// begin begins the span of a request, as part of the trace that a carrier has.
func (t *Tracer) begin(ctx context.Context, carrier propagation.TextMapCarrier, obeyed bool, name string) (context.Context, trace.Span) {
	ctx = t.context.Extract(ctx, carrier)
	if !obeyed {
		ctx = untrusted(ctx)
	}
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer))
	if span.IsRecording() {
		ctx = context.WithValue(ctx, requestKey{}, &request{span, name})
	}
	return ctx, span
}

type requestKey struct{}

// request is the span of a request that is recorded.
type request struct {
	span trace.Span
	name string // without the route
}

// Observe notes what a way in tells of a request, by the request's context. It is for
// [rationhttp.Gate]'s Observe, and what is like it.
func (t *Tracer) Observe(ctx context.Context, event rationhttp.Event) {
	if t == nil {
		return
	}
	of, recorded := ctx.Value(requestKey{}).(*request)
	if !recorded {
		return
	}
	if event.FollowUp != "" {
		of.span.AddEvent("ration."+event.FollowUp, trace.WithAttributes(attribute.String("ration.code", string(event.Code))))
		return
	}
	attributes := make([]attribute.KeyValue, 0, 8)
	add := func(name, value string) {
		if value != "" {
			attributes = append(attributes, attribute.String(name, value))
		}
	}
	add("ration.via", event.Via)
	add("ration.code", string(event.Code))
	add("ration.limit", event.Limit)
	add("ration.request_id", event.RequestID)
	if !event.KeyID.IsZero() {
		add("ration.key_id", event.KeyID.String())
	}
	if event.FailedOpen {
		attributes = append(attributes, attribute.Bool("ration.failed_open", true))
	}
	if event.Route != "" {
		add("http.route", event.Route)
		of.span.SetName(of.name + " " + event.Route)
	}
	of.span.SetAttributes(attributes...)
}

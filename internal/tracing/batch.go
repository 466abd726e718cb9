package tracing

import (
	"context"
	"errors"
	"iter"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/observe"
)

// Batches returns who makes spans of batches; nil if there are none.
func (t *Tracer) Batches() observe.Tracer {
	if t == nil {
		return nil
	}
	return batches{t}
}

// batches makes a span for each batch that decides a recorded request: below the first of
// them, and linked with each, in both directions. A batch has links to 128 requests at
// most (OTEL_SPAN_LINK_COUNT_LIMIT); each request has the one to its batch.
type batches struct{ t *Tracer }

// BatchStarts implements [observe.Tracer].
func (b batches) BatchStarts(ctx context.Context, batch observe.Batch, callers iter.Seq[context.Context]) (context.Context, func(observe.Batch)) {
	var links []trace.Link
	var requests []trace.Span
	for caller := range callers {
		if span := trace.SpanFromContext(caller); span.IsRecording() {
			links = append(links, trace.Link{SpanContext: span.SpanContext()})
			requests = append(requests, span)
		}
	}
	if len(requests) == 0 {
		return ctx, nil
	}
	ctx, span := b.t.tracer.Start(trace.ContextWithSpan(ctx, requests[0]), "ration.batch", trace.WithLinks(links...), trace.WithAttributes(
		attribute.String("ration.store", batch.Store), attribute.Int("ration.lane", batch.Lane),
		attribute.Int("ration.batch.items", batch.Items), attribute.Int("ration.batch.waiting", batch.Waiting),
		attribute.Float64("ration.batch.waited_seconds", batch.Waited.Seconds()),
	))
	link := trace.Link{SpanContext: span.SpanContext()}
	for _, request := range requests {
		request.AddLink(link)
	}
	return observe.WithObserver(ctx, faults{span: span}), func(batch observe.Batch) {
		if batch.Err != nil {
			span.SetAttributes(attribute.String("error.type", typeOf(batch.Err)))
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

func typeOf(err error) string {
	switch {
	case errors.Is(err, ration.ErrOutcomeUnknown):
		return string(ration.CodeOutcomeUnknown)
	case errors.Is(err, ration.ErrStoreUnavailable):
		return string(ration.CodeStoreUnavailable)
	}
	return "_OTHER"
}

// faults notes on a batch's span what went wrong with its transactions.
type faults struct {
	observe.Nobody
	span trace.Span
}

// Retried implements [observe.Observer].
func (f faults) Retried(retry observe.Retry) {
	f.span.AddEvent("ration.retry", trace.WithAttributes(attribute.String("ration.reason", retry.Reason)))
}

// CommitResolved implements [observe.Observer].
func (f faults) CommitResolved(resolution observe.Resolution) {
	f.span.AddEvent("ration.lost_commit", trace.WithAttributes(attribute.String("ration.outcome", resolution.Outcome)))
}

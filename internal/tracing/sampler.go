package tracing

import (
	"context"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// sampler decides which traces are recorded. What a span of ours has decided holds for
// those below it. What a caller has decided is obeyed only if the caller is trusted: else
// anybody could have every request of theirs recorded, or none.
type sampler struct {
	root         sdk.Sampler
	obeysParents bool
}

// untrustedKey marks the context of a request whose caller says nothing about recording.
type untrustedKey struct{}

// ShouldSample implements [sdk.Sampler].
func (s sampler) ShouldSample(p sdk.SamplingParameters) sdk.SamplingResult {
	parent := trace.SpanContextFromContext(p.ParentContext)
	if !parent.IsValid() || parent.IsRemote() && (!s.obeysParents || p.ParentContext.Value(untrustedKey{}) != nil) {
		return s.root.ShouldSample(p)
	}
	decision := sdk.Drop
	if parent.IsSampled() {
		decision = sdk.RecordAndSample
	}
	return sdk.SamplingResult{Decision: decision, Tracestate: parent.TraceState()}
}

// Description implements [sdk.Sampler].
func (s sampler) Description() string { return "Ration{" + s.root.Description() + "}" }

func untrusted(ctx context.Context) context.Context {
	return context.WithValue(ctx, untrustedKey{}, true)
}

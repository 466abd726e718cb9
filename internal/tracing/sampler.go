package tracing

import (
	"context"
	"sync"
	"time"

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

// mostPerSecond is how many traces that begin here are recorded in a second unless a
// variable says otherwise.
const mostPerSecond = 100

// few records the first traces of each second. It is safe for concurrent use.
type few struct {
	mu     sync.Mutex
	second int64
	taken  int
}

// ShouldSample implements [sdk.Sampler].
func (f *few) ShouldSample(p sdk.SamplingParameters) sdk.SamplingResult {
	result := sdk.SamplingResult{Decision: sdk.Drop, Tracestate: trace.SpanContextFromContext(p.ParentContext).TraceState()}
	now := time.Now().Unix()
	f.mu.Lock()
	defer f.mu.Unlock()
	if now != f.second {
		f.second, f.taken = now, 0
	}
	if f.taken < mostPerSecond {
		f.taken++
		result.Decision = sdk.RecordAndSample
	}
	return result
}

// isFull reports whether no other trace that begins now is recorded.
func (f *few) isFull() bool {
	now := time.Now().Unix()
	f.mu.Lock()
	defer f.mu.Unlock()
	return now <= f.second && f.taken >= mostPerSecond
}

// Description implements [sdk.Sampler].
func (f *few) Description() string { return "OneHundredPerSecond" }

func untrusted(ctx context.Context) context.Context {
	return context.WithValue(ctx, untrustedKey{}, true)
}

package observe

import (
	"context"
	"iter"
)

// Tracer is told of each batch before the store gets it, with the contexts of those who
// wait for it: so a trace of a request finds the batch that decided it.
type Tracer interface {
	// BatchStarts is called on the goroutine that sends the batch, so it must return at
	// once. Of the batch, Took and Err are not known yet. Callers yields the contexts of
	// the calls whose items are in the batch; it may be used only until BatchStarts
	// returns. The store gets the returned context, which must come from ctx. If end isn't
	// nil, it is called when the batch has ended, after its callers were answered.
	BatchStarts(ctx context.Context, batch Batch, callers iter.Seq[context.Context]) (_ context.Context, end func(Batch))
}

type observerKey struct{}

// WithObserver returns a context whose batch an observer is told of, too: of what a store
// reports while it works on it.
func WithObserver(ctx context.Context, o Observer) context.Context {
	return context.WithValue(ctx, observerKey{}, o)
}

// Of returns the observer of a context; [Nobody] if it has none.
func Of(ctx context.Context) Observer {
	o, _ := ctx.Value(observerKey{}).(Observer)
	return OrNobody(o)
}

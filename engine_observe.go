package ration

import (
	"context"
	"iter"

	"github.com/ration-dev/ration/internal/groupcommit"
	"github.com/ration-dev/ration/observe"
)

// Waiting returns how many items wait for their batch in each lane. It doesn't count
// the items that are being committed. Let a gauge call it whenever the gauge is read:
// a lane that stands still reports no event.
func (e *Engine) Waiting() []int {
	waiting := make([]int, len(e.lanes))
	for i, lane := range e.lanes {
		waiting[i] = lane.Depth()
	}
	return waiting
}

// Digests returns how many digests of secrets the engine remembers, about. Let a gauge
// call it whenever the gauge is read.
func (e *Engine) Digests() int { return e.digests.len() }

// observerOf returns what tells an observer of a lane's batches; nil without one.
func observerOf(store Store, lane int, observer observe.Observer) func(groupcommit.Sent) {
	if observer == nil {
		return nil
	}
	name := nameOf(store)
	return func(sent groupcommit.Sent) { observer.BatchEnded(batchOf(name, lane, sent)) }
}

// tracerOf returns what tells a tracer of a lane's batches; nil without one.
func tracerOf(store Store, lane int, tracer observe.Tracer) func(context.Context, groupcommit.Sent, iter.Seq[context.Context]) (context.Context, func(groupcommit.Sent)) {
	if tracer == nil {
		return nil
	}
	name := nameOf(store)
	return func(ctx context.Context, sent groupcommit.Sent, callers iter.Seq[context.Context]) (context.Context, func(groupcommit.Sent)) {
		ctx, end := tracer.BatchStarts(ctx, batchOf(name, lane, sent), callers)
		if end == nil {
			return ctx, nil
		}
		return ctx, func(sent groupcommit.Sent) { end(batchOf(name, lane, sent)) }
	}
}

func batchOf(store string, lane int, sent groupcommit.Sent) observe.Batch {
	return observe.Batch{Store: store, Lane: lane, Items: sent.Items, Waiting: sent.Queued, Waited: sent.Waited, Took: sent.Took, Err: sent.Err}
}

func nameOf(store Store) string {
	if named, ok := store.(interface{ Name() string }); ok {
		return named.Name()
	}
	return "other"
}

package ration

import (
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
	name := "other"
	if named, ok := store.(interface{ Name() string }); ok {
		name = named.Name()
	}
	return func(sent groupcommit.Sent) {
		observer.BatchEnded(observe.Batch{
			Store: name, Lane: lane, Items: sent.Items, Waiting: sent.Queued, Waited: sent.Waited, Took: sent.Took, Err: sent.Err,
		})
	}
}

package ration

import (
	"github.com/ration-dev/ration/internal/groupcommit"
	"github.com/ration-dev/ration/observe"
)

// Waiting returns how many items wait for their batch in each lane, without those
// that are being committed. It is for a gauge, which asks when it is read: of a lane
// that stands still no event tells.
func (e *Engine) Waiting() []int {
	waiting := make([]int, len(e.lanes))
	for i, lane := range e.lanes {
		waiting[i] = lane.Depth()
	}
	return waiting
}

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

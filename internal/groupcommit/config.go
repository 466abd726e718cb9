package groupcommit

import (
	"cmp"
	"context"
	"iter"
	"time"
)

// The limits that hold if Config leaves them 0.
const (
	DefaultMaxKeys  = 256
	DefaultMaxItems = 4096
	DefaultMaxQueue = 16384
	DefaultMaxWait  = 5 * time.Second
)

// Config says what a Batcher does. Key and Commit must be set. A limit of 0 or less
// means its default.
type Config[K comparable, T, R any] struct {
	// Key returns the key of an item. Items with the same key keep their order and
	// share one turn. It is called on the caller's goroutine, once per item.
	Key func(T) K

	// Commit makes the items durable and returns one result per item, in the same
	// order, or an error for all of them. It is never called concurrently with
	// itself. Within items, those of one key are in the order in which they came.
	// Commit may keep the slice.
	//
	// Ctx is not the context of a caller. It ends only when no caller waits for this
	// call any more, so that a Commit that is retrying can stop. If Commit neither
	// returns nor heeds ctx, it stalls the lane, but not the callers: they are
	// answered after MaxWait.
	//
	// If Commit panics, ends its goroutine or returns the wrong number of results,
	// its callers get ErrOutcomeUnknown, and the lane goes on: calls don't depend on
	// each other, so one that went wrong says little about the next.
	Commit func(ctx context.Context, items []T) ([]R, error)

	// Split reports whether a batch that failed with this error should be halved, and
	// each half committed by itself, until the item that causes the error is found.
	// Only that item then gets the error. Split must return false for any error after
	// which part of the batch may have taken effect. Nil: a batch is never split.
	Split func(error) bool

	// Observe is told of each call of Commit, after the callers were answered. It is
	// called between two calls of Commit, so it must return at once. Nil: nobody is
	// told.
	Observe func(Sent)

	// Start is told of each call of Commit before it, on the same goroutine, with what is
	// known of it by then, so it must return at once. Callers yields the contexts of those
	// who wait; it may be used only until Start returns. Commit gets the context that Start
	// returns, which must come from ctx. End, unless nil, is called where Observe is. A nil
	// Start costs nothing.
	Start func(ctx context.Context, sent Sent, callers iter.Seq[context.Context]) (_ context.Context, end func(Sent))

	// Unclaimed is told of each result for which its caller no longer waited. It must
	// return at once. Nil: nobody is told.
	Unclaimed func(item T, result R)

	MaxKeys  int           // most distinct keys in a batch
	MaxItems int           // most items in a batch
	MaxQueue int           // most items that wait for their batch
	MaxWait  time.Duration // longest time from Do to its answer
}

func (c Config[K, T, R]) withDefaults() Config[K, T, R] {
	if c.Key == nil || c.Commit == nil {
		panic("groupcommit: Config.Key and Config.Commit must be set")
	}
	if c.Split == nil {
		c.Split = func(error) bool { return false }
	}
	c.MaxKeys = cmp.Or(max(c.MaxKeys, 0), DefaultMaxKeys)
	c.MaxItems = cmp.Or(max(c.MaxItems, 0), DefaultMaxItems)
	c.MaxQueue = cmp.Or(max(c.MaxQueue, 0), DefaultMaxQueue)
	c.MaxWait = cmp.Or(max(c.MaxWait, 0), DefaultMaxWait)
	return c
}

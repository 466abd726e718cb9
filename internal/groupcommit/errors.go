package groupcommit

import (
	"context"
	"errors"
	"fmt"
)

var (
	// ErrNotSent says that the item had no effect and never will. It was withdrawn
	// before Commit was called with it, or after Commit had certainly failed with it
	// and before it was tried again.
	ErrNotSent = errors.New("item not sent")

	// ErrOutcomeUnknown says that Commit was called with the item, and that its
	// caller stopped waiting before the answer, or that Commit gave no answer.
	ErrOutcomeUnknown = errors.New("item sent, outcome unknown")

	// ErrQueueFull says that there was no room for the item. It wraps ErrNotSent.
	ErrQueueFull = fmt.Errorf("%w: queue is full", ErrNotSent)

	// ErrClosed says that the batcher takes no more items. It wraps ErrNotSent.
	ErrClosed = fmt.Errorf("%w: batcher is closed", ErrNotSent)

	// ErrTimeout says that the item waited for MaxWait. It comes wrapped together
	// with ErrNotSent or ErrOutcomeUnknown, and wraps context.DeadlineExceeded.
	ErrTimeout = fmt.Errorf("waiting for the longest time allowed: %w", context.DeadlineExceeded)
)

var (
	errCommitExited   = fmt.Errorf("%w: commit ended its goroutine", ErrOutcomeUnknown)
	errNotSentTimeout = fmt.Errorf("%w: %w", ErrNotSent, ErrTimeout)
	errUnknownTimeout = fmt.Errorf("%w: %w", ErrOutcomeUnknown, ErrTimeout)
)

// PanicError says that Commit or Split panicked. The callers of the batch get it,
// wrapped together with ErrOutcomeUnknown.
type PanicError struct {
	Value any    // what was passed to panic
	Stack []byte // the stack of the panic
}

// Error leaves out Value and Stack, because the text of a panic may contain anything,
// even a secret.
func (e *PanicError) Error() string { return "committing a batch panicked" }

package admin

import (
	"context"
	"errors"
	"fmt"

	"github.com/ration-dev/ration"
)

// Once is a change that is made at most once, however often it is asked for: the
// transaction that makes it also keeps its answer. It travels in the context of an
// operation.
type Once struct {
	ID      [32]byte // which change: of the caller and of the idempotency key
	Request [32]byte // a fingerprint of all that is asked for

	// Seal encrypts the answer to what the operation returns: it may have a secret,
	// which must not lie in the database in plain text. It may be called again.
	Seal func(result any) ([]byte, error)
}

// AnswerRetention is how long the answer of a change is kept.
const AnswerRetention = ration.IdempotencyRetention

// RepeatedError says that a change was not made, because it was made before.
type RepeatedError struct {
	Request [32]byte // the fingerprint of what was asked for then
	Answer  []byte   // as Seal returned it
}

// Error implements error.
func (*RepeatedError) Error() string { return "this was done before" }

// ErrRunning means that a change was not made, because another call with the same
// [Once] was still making it when there was no more time to wait.
var ErrRunning = errors.New("the same request is still running")

type onceKey struct{}

// WithOnce returns a context in which the next change is made at most once. If it was
// made before, its error is a [*RepeatedError].
func WithOnce(ctx context.Context, once *Once) context.Context {
	return context.WithValue(ctx, onceKey{}, once)
}

// OnceOf returns what WithOnce has put into a context; nil: nothing.
func OnceOf(ctx context.Context) *Once {
	once, _ := ctx.Value(onceKey{}).(*Once)
	return once
}

// Answering returns a context for a call whose result is not yet what the caller
// returns: finish makes the one of the other. Finish is called within the transaction.
func Answering[From, To any](ctx context.Context, finish func(From) To) context.Context {
	once := OnceOf(ctx)
	if once == nil {
		return ctx
	}
	finished := *once
	finished.Seal = func(result any) ([]byte, error) {
		from, ok := result.(From)
		if !ok {
			return nil, fmt.Errorf("keeping an answer: %T is not the expected %T", result, from)
		}
		return once.Seal(finish(from))
	}
	return WithOnce(ctx, &finished)
}

// Answers keeps the answers of changes that are made once. The methods that make
// such a change do so: CreateKey, UpdateKey, CreatePlan, CreateToken, ResetUsage
// and CreateJob return a [*RepeatedError] and change nothing if the context's [Once] was made within
// AnswerRetention. Of several calls at the same moment, one makes the change, and the
// others wait for it, and at last return [ErrRunning].
type Answers interface {
	// CheckOnce returns a [*RepeatedError] if the context's change was made before.
	CheckOnce(ctx context.Context) error
}

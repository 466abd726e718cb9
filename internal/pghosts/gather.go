package pghosts

import (
	"context"
	"errors"
	"time"
)

// gather asks each of n at once and returns the answers in order, with the errors
// of those who gave none. Who has not answered so long after the first answer that
// is enough is waited for no longer. It returns after all calls have.
func gather[T any](ctx context.Context, n int, after time.Duration, ask func(context.Context, int) (T, error), enough func(T) bool) (answers []T, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		from  int
		value T
		err   error
	}
	arrived := make(chan answer)
	for i := range n {
		go func() {
			value, err := ask(ctx, i)
			arrived <- answer{i, value, err}
		}()
	}
	all := make([]answer, n)
	waiting := true
	for range n {
		a := <-arrived
		all[a.from] = a
		if waiting && a.err == nil && enough(a.value) {
			waiting = false
			time.AfterFunc(after, cancel) // nothing, if all have answered by then
		}
	}
	for _, a := range all {
		if a.err == nil {
			answers = append(answers, a.value)
		}
		err = errors.Join(err, a.err)
	}
	return answers, err
}

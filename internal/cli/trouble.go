package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"

	"github.com/ration-dev/ration/internal/condense"
	"github.com/ration-dev/ration/internal/groupcommit"
	"github.com/ration-dev/ration/rationhttp"
)

// troubleLog logs what prevented decisions: a database that is out of reach fails
// thousands of requests a second. It is safe for concurrent use.
type troubleLog struct{ log *condense.Log }

func newTroubleLog(log *slog.Logger) *troubleLog { return &troubleLog{condense.New(log)} }

// observe is for [rationhttp.Gate]'s Observe.
func (t *troubleLog) observe(ctx context.Context, event rationhttp.Event) {
	if event.Err == nil {
		return
	}
	if panicked, ok := errors.AsType[*groupcommit.PanicError](event.Err); ok {
		t.logPanic(ctx, panicked)
	}
	message := "no decision"
	if event.After != "" {
		message = "a charge stays as it is: no " + event.After
	}
	t.log.Say(ctx, slog.LevelWarn, condense.Kind{Message: message, Code: string(event.Code)},
		slog.String("via", event.Via), slog.Bool("failed_open", event.FailedOpen), slog.Any("error", event.Err))
}

// logPanic logs a fault of the program, with where it is. All callers of a batch
// get the same panic. Of its value only what the runtime wrote is shown; any
// other could hold whatever the program had in its hands.
func (t *troubleLog) logPanic(ctx context.Context, panicked *groupcommit.PanicError) {
	value := fmt.Sprintf("a value of type %T", panicked.Value)
	if fault, ok := panicked.Value.(runtime.Error); ok {
		value = fault.Error()
	}
	t.log.Say(ctx, slog.LevelError, condense.Kind{Message: "a batch panicked; please report this"},
		slog.String("panic", value), slog.String("stack", string(panicked.Stack)))
}

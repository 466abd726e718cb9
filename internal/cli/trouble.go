package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/bound"
	"github.com/ration-dev/ration/internal/condense"
	"github.com/ration-dev/ration/internal/groupcommit"
	"github.com/ration-dev/ration/rationhttp"
)

// troubleLog logs what prevented decisions: a database that is out of reach fails
// thousands of requests a second. It is safe for concurrent use.
type troubleLog struct{ log *condense.Log }

func newTroubleLog(log *slog.Logger) *troubleLog { return &troubleLog{condense.New(log)} }

// refused is for [bound.Config]'s Refused.
func (t *troubleLog) refused(reason bound.Reason, addr netip.Addr) {
	t.log.Say(context.Background(), slog.LevelWarn, condense.Kind{Message: "a connection was refused: " + string(reason)}, slog.Any("address", addr),
		slog.String("cure", "if this is a proxy of yours, add it to trusted_proxies; docs/OPERATIONS.md lists the settings that limit connections"))
}

// unchecked notes a secret that was not looked up.
func (t *troubleLog) unchecked(ctx context.Context, event rationhttp.Event) {
	kind := condense.Kind{Message: "a secret was not looked up: too many unknown secrets came from its address, or from all addresses together", Code: string(event.Code)}
	t.log.Say(ctx, slog.LevelWarn, kind, slog.String("via", event.Via),
		slog.String("cure", "if all clients seem to come from one address, add your proxies to trusted_proxies"))
}

// observe is for [rationhttp.Gate]'s Observe.
func (t *troubleLog) observe(ctx context.Context, event rationhttp.Event) {
	if event.Code == ration.CodeKeyUnchecked {
		t.unchecked(ctx, event)
	}
	if event.Err == nil {
		return
	}
	if panicked, ok := errors.AsType[*groupcommit.PanicError](event.Err); ok {
		t.logPanic(ctx, panicked)
	}
	message := "no decision"
	if event.FollowUp != "" {
		message = "a charge stays as it is: no " + event.FollowUp
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

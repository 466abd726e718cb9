package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/groupcommit"
	"github.com/ration-dev/ration/rationhttp"
)

// troubleInterval is how often, at most, one kind of trouble is logged: a
// database that is out of reach fails thousands of requests a second.
const troubleInterval = 5 * time.Second

// troubleLog logs what prevented decisions. It is safe for concurrent use.
type troubleLog struct {
	log *slog.Logger

	mu    sync.Mutex
	kinds map[ration.Code]*trouble
}

type trouble struct {
	logged time.Time
	unsaid int // events since then
}

func newTroubleLog(log *slog.Logger) *troubleLog {
	return &troubleLog{log: log, kinds: make(map[ration.Code]*trouble)}
}

// observe is for [rationhttp.Gate]'s Observe.
func (t *troubleLog) observe(ctx context.Context, event rationhttp.Event) {
	if event.Err == nil {
		return
	}
	if panicked, ok := errors.AsType[*groupcommit.PanicError](event.Err); ok {
		t.logPanic(ctx, panicked)
	}
	unsaid, say := t.count(event.Code)
	if say {
		message := "no decision"
		if event.After != "" {
			message = "a charge stays as it is: no " + event.After
		}
		t.log.WarnContext(ctx, message, "via", event.Via, "code", event.Code, "failed_open", event.FailedOpen,
			"more_since_the_last", unsaid, "error", event.Err)
	}
}

// kindPanic is not a code of a decision, so that another kind of trouble can't
// keep a fault of the program out of the log.
const kindPanic = "panic"

// logPanic logs a fault of the program, with where it is. All callers of a batch
// get the same panic. Of its value only what the runtime wrote is shown; any
// other could hold whatever the program had in its hands.
func (t *troubleLog) logPanic(ctx context.Context, panicked *groupcommit.PanicError) {
	unsaid, say := t.count(kindPanic)
	if !say {
		return
	}
	value := fmt.Sprintf("a value of type %T", panicked.Value)
	if fault, ok := panicked.Value.(runtime.Error); ok {
		value = fault.Error()
	}
	t.log.ErrorContext(ctx, "a batch panicked; please report this", "panic", value, "more_since_the_last", unsaid, "stack", string(panicked.Stack))
}

// count notes an event and returns whether to log it, and how many were not.
func (t *troubleLog) count(code ration.Code) (unsaid int, say bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	kind := t.kinds[code]
	if kind == nil {
		kind = &trouble{}
		t.kinds[code] = kind
	}
	if time.Since(kind.logged) < troubleInterval {
		kind.unsaid++
		return 0, false
	}
	unsaid, kind.unsaid, kind.logged = kind.unsaid, 0, time.Now()
	return unsaid, true
}

package history

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ration-dev/ration"
)

// Outcome is what a caller was told.
type Outcome int

// The outcomes.
const (
	Admitted Outcome = iota
	Denied           // by the quota
	Unknown          // it may have been charged
	Failed           // nothing was charged
)

// Operation is a charge of one unit.
type Operation struct {
	Called, Returned time.Duration // on a clock that all callers share
	Outcome          Outcome
	Used             int64 // what the answer said is used, where there was a decision
}

// History is what was told about one key with one quota that neither changes nor
// begins anew. It is safe for concurrent use. Make it with New.
type History struct {
	start time.Time

	mu         sync.Mutex
	operations []Operation
}

// New returns an empty history.
func New() *History { return &History{start: time.Now()} }

// Charge charges one request of a key and notes the answer. It returns an error if
// there was one that means neither Unknown nor Failed, and for any other denial
// than by the quota.
func (h *History) Charge(ctx context.Context, engine *ration.Engine, id ration.KeyID) error {
	called := time.Since(h.start)
	decision, err := engine.Charge(ctx, ration.Charge{KeyID: id})
	op := Operation{Called: called, Returned: time.Since(h.start)}
	switch {
	case errors.Is(err, ration.ErrOutcomeUnknown):
		op.Outcome = Unknown
	case errors.Is(err, ration.ErrStoreUnavailable):
		op.Outcome = Failed
	case err != nil:
		return err
	case decision.Code != ration.CodeOK && decision.Code != ration.CodeQuotaExceeded, len(decision.Limits) != 1:
		return fmt.Errorf("decided %s on %d limits", decision.Code, len(decision.Limits))
	default:
		op.Used = decision.Limits[0].Used
		if !decision.Allowed() {
			op.Outcome = Denied
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.operations = append(h.operations, op)
	return nil
}

// Count returns how many operations had an outcome.
func (h *History) Count(outcome Outcome) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return count(h.operations, outcome)
}

// Check is the function Check on the whole history.
func (h *History) Check(limit, recorded int64) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return Check(h.operations, limit, recorded)
}

func count(operations []Operation, outcome Outcome) (n int64) {
	for i := range operations {
		if operations[i].Outcome == outcome {
			n++
		}
	}
	return n
}

package count

import (
	"context"
	"errors"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/postgres"
	"github.com/ration-dev/ration/sqlite"
)

// Engine is Ration's engine in the caller's process. Its keys are secrets.
type Engine struct {
	engine *ration.Engine
	store  interface{ Close() error }
}

// openEngine opens the database of a "ration" binary, by RATION_DB's syntax.
func openEngine(ctx context.Context, database string) (Counter, error) {
	if path, file := strings.CutPrefix(database, "sqlite:"); file {
		store, err := sqlite.Open(ctx, sqlite.Config{Path: path})
		if err != nil {
			return nil, err
		}
		return &Engine{ration.NewEngine(store, ration.EngineConfig{}), store}, nil
	}
	store, err := postgres.Open(ctx, postgres.Config{URL: database})
	if err != nil {
		return nil, err
	}
	return &Engine{ration.NewEngine(store, ration.EngineConfig{}), store}, nil
}

// Count implements [Counter].
func (e *Engine) Count(ctx context.Context, key string, n int64) (bool, error) {
	charge := ration.Charge{Secret: ration.SecretFromText(key)}
	if n != 1 {
		charge.Amounts = []ration.Amount{{Meter: ration.MeterRequests, Units: n}}
	}
	decision, err := e.engine.Charge(ctx, charge)
	return decision.Allowed(), err
}

// Close implements [Counter].
func (e *Engine) Close(ctx context.Context) error {
	return errors.Join(e.engine.Close(ctx), e.store.Close())
}

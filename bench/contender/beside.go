package contender

import (
	"context"
	"path/filepath"

	"github.com/ration-dev/ration/bench/count"
	"github.com/ration-dev/ration/bench/helper"
	"github.com/ration-dev/ration/bench/rig"
	"github.com/ration-dev/ration/bench/tally"
)

// Nothing starts an HTTP handler that does nothing.
func Nothing(ctx context.Context, r *rig.Rig, keys int) (*Server, error) {
	started, err := helper.Start(ctx, r.Contender, "", "nothing")
	if err != nil {
		return nil, err
	}
	return serving(r, keys, started, countOf(started)), nil
}

// Memory starts an HTTP handler that counts in a map.
func Memory(ctx context.Context, r *rig.Rig, keys int) (*Server, error) {
	started, err := helper.Start(ctx, r.Contender, "", "serve", "memory")
	if err != nil {
		return nil, err
	}
	return serving(r, keys, started, func(context.Context) (tally.Count, error) { return memoryOf(r, started, keys) }), nil
}

// Redis starts an HTTP handler that counts in Redis.
func Redis(ctx context.Context, r *rig.Rig, keys int) (*Server, error) {
	return counting(ctx, r, keys, "redis", r.Redis())
}

// Upsert starts an HTTP handler that counts by one guarded upsert for each request.
func Upsert(ctx context.Context, r *rig.Rig, store rig.Store, keys int) (*Server, error) {
	way, database, err := upsertOn(ctx, r, store)
	if err != nil {
		return nil, err
	}
	return counting(ctx, r, keys, way, database)
}

// counting starts an HTTP handler that counts in a database, and reads from there what it
// has counted.
func counting(ctx context.Context, r *rig.Rig, keys int, way, database string) (*Server, error) {
	started, err := helper.Start(ctx, r.Contender, database, "serve", way)
	if err != nil {
		return nil, err
	}
	return serving(r, keys, started, func(ctx context.Context) (tally.Count, error) { return readFrom(ctx, r, way, database, keys) }), nil
}

func serving(r *rig.Rig, keys int, started *helper.Process, counted counter) *Server {
	return &Server{
		URLs: []string{"http://" + started.Address}, Kinds: questions("none"), Secrets: r.Secrets(keys), Says: `"allowed":true`,
		counted: []counter{counted}, processes: []process{{started.PID(), started.Stop}},
	}
}

// upsertOn returns how the upsert on a store is called, and a database for it.
func upsertOn(ctx context.Context, r *rig.Rig, store rig.Store) (way, database string, err error) {
	if store == rig.PostgreSQL {
		database, err = r.PostgreSQL(ctx)
		return "upsert-postgres", database, err
	}
	dir, err := r.Directory()
	return "upsert-sqlite", filepath.Join(dir, "upsert.db"), err
}

// readFrom opens a database anew and reads what is counted in it, by secret.
func readFrom(ctx context.Context, r *rig.Rig, way, database string, keys int) (tally.Count, error) {
	counter, err := count.Open(ctx, way, database)
	if err != nil {
		return tally.Count{}, err
	}
	defer func() { _ = counter.Close(ctx) }()
	used, err := counter.(count.Reader).Used(ctx)
	return bySecret(r, used, keys), err
}

func bySecret(r *rig.Rig, used map[string]int64, keys int) tally.Count {
	secrets := r.Secrets(keys)
	return byKey(used, keys, func(key int) string { return secrets[key] })
}

// memoryOf asks a process that has no database.
func memoryOf(r *rig.Rig, started *helper.Process, keys int) (tally.Count, error) {
	var counted helper.Counted
	err := started.Ask(helper.Question{Do: "counted"}, &counted)
	return bySecret(r, counted.Used, keys), err
}

// countOf asks a process that knows no keys.
func countOf(started *helper.Process) counter {
	return func(context.Context) (tally.Count, error) {
		var counted helper.Counted
		err := started.Ask(helper.Question{Do: "counted"}, &counted)
		return tally.Count{Requests: counted.Requests}, err
	}
}

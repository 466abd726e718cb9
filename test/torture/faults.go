package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration/internal/testdb"
)

// Names of faults that others speak of.
const (
	Killed       = "kill -9 of an instance" // the line counts it
	ServerKilled = "kill -9 of PostgreSQL"
	Stopped      = "immediate stop of PostgreSQL"
	Stepped      = "a step of PostgreSQL's clock"
	Stranded     = "COMMIT's answer lost, and PostgreSQL out of reach for longer than callers wait"
)

// CutAt names the fault that cuts a connection at a point.
func CutAt(at testdb.Cut) string { return "a cut " + at.String() }

// faults are all that there are.
func faults() []fault {
	all := []fault{
		{name: Killed, stores: []Store{SQLite, Postgres}, hold: 300 * time.Millisecond, strike: killInstance},
		{name: "an instance stands still", stores: []Store{SQLite, Postgres}, hold: 2 * time.Second, strike: freezeInstance},
		{name: ServerKilled, hold: 500 * time.Millisecond, strike: killServer},
		{name: Stopped, hold: 500 * time.Millisecond, strike: stopServer},
		{name: "PostgreSQL stands still", hold: 2 * time.Second, strike: pauseServer},
		{name: "backends are terminated", strike: terminateBackends},
		{name: "connections break", strike: breakConnections},
		{name: "the network swallows everything", hold: 2 * time.Second, strike: swallow},
		{name: Stepped, hold: 2 * time.Second, strike: stepClock},
		{name: Stranded, strike: strand},
	}
	for at := testdb.CutFirstSync; at <= testdb.CutInsideCommitAnswer; at++ {
		all = append(all, fault{name: CutAt(at), hold: time.Second, strike: cut(at)})
	}
	for i := range all {
		if all[i].stores == nil {
			all[i].stores = []Store{Postgres}
		}
	}
	return all
}

// always makes what ends a fault say that it happened.
func always(heal func()) func() bool {
	return func() bool {
		heal()
		return true
	}
}

func (r *rig) any(random *rand.Rand) *node { return r.nodes[random.IntN(len(r.nodes))] }

func killInstance(r *rig, random *rand.Rand) (func() bool, error) {
	n := r.any(random)
	n.Kill()
	return always(func() {
		n.Start()
		n.AwaitReady()
	}), nil
}

func freezeInstance(r *rig, random *rand.Rand) (func() bool, error) {
	n := r.any(random)
	n.Freeze()
	return always(n.Thaw), nil
}

func killServer(r *rig, _ *rand.Rand) (func() bool, error) {
	return always(r.startServer), r.cluster.Kill()
}

func stopServer(r *rig, _ *rand.Rand) (func() bool, error) {
	return always(r.startServer), r.cluster.Stop(testdb.StopImmediate)
}

func (r *rig) startServer() {
	r.Helper()
	if err := r.cluster.Start(); err != nil {
		r.Fatal(err)
	}
}

func pauseServer(r *rig, _ *rand.Rand) (func() bool, error) {
	return always(func() {
		if err := r.cluster.Resume(); err != nil {
			r.Fatal(err)
		}
	}), r.cluster.Pause()
}

func terminateBackends(r *rig, _ *rand.Rand) (func() bool, error) {
	var ended int
	err := r.asSuperuser(func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`).Scan(&ended)
	})
	return func() bool { return ended > 0 }, err
}

func breakConnections(r *rig, random *rand.Rand) (func() bool, error) {
	r.any(random).wire.BreakAll()
	return func() bool { return true }, nil
}

func swallow(r *rig, random *rand.Rand) (func() bool, error) {
	wire := r.any(random).wire
	if random.IntN(2) == 0 {
		wire.BlackHole()
	} else {
		wire.SwallowAnswers()
	}
	return always(wire.Heal), nil
}

// cut cuts some connections of one instance at a point.
func cut(at testdb.Cut) func(*rig, *rand.Rand) (func() bool, error) {
	return func(r *rig, random *rand.Rand) (func() bool, error) {
		wire := r.any(random).wire
		before := wire.Cuts(at)
		wire.CutNext(at, 1+random.IntN(8))
		return func() bool {
			wire.Heal()
			return wire.Cuts(at) > before
		}, nil
	}
}

// strandTime is longer than callers wait.
const strandTime = 6 * time.Second

func strand(r *rig, random *rand.Rand) (func() bool, error) {
	wire := r.any(random).wire
	before := wire.Cuts(testdb.CutCommitAnswer)
	wire.OnCut(wire.Refuse)
	wire.CutNext(testdb.CutCommitAnswer, 2)
	return func() bool {
		time.Sleep(strandTime)
		wire.OnCut(nil)
		wire.Heal()
		return wire.Cuts(testdb.CutCommitAnswer) > before
	}, nil
}

// Step is a change of PostgreSQL's clock.
type Step struct {
	At     time.Duration `json:"at"`     // on the clock of clients, when it was certainly not made yet
	Done   time.Duration `json:"done"`   // when it certainly was
	Offset time.Duration `json:"offset"` // from the machine's clock, from then on
}

// mostStep is less than what makes a clock suspect.
const mostStep = 9 * time.Minute

func stepClock(r *rig, random *rand.Rand) (func() bool, error) {
	offset := time.Duration(random.Int64N(2*int64(mostStep))) - mostStep
	err := r.setClock(offset)
	return always(func() {
		if err := r.setClock(0); err != nil {
			r.Fatal(err)
		}
	}), err
}

func (r *rig) setClock(offset time.Duration) error {
	step := Step{At: time.Since(r.start), Offset: offset}
	err := r.asSuperuser(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, fmt.Sprintf("CREATE OR REPLACE FUNCTION ration_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$SELECT clock_timestamp() + interval '%d ms'$$", offset.Milliseconds()))
		return err
	})
	step.Done = time.Since(r.start)
	r.steps = append(r.steps, step)
	return err
}

// asSuperuser runs something past the wires.
func (r *rig) asSuperuser(do func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, r.db)
	if err != nil {
		return err
	}
	return errors.Join(do(ctx, conn), conn.Close(ctx))
}

package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration/internal/testdb"
)

// Names of faults that others speak of.
const (
	Kill        = "kill" // the line counts it
	Freeze      = "freeze"
	ServerKill  = "pg-kill"
	ServerStop  = "pg-stop"
	ClockStep   = "clock"
	Strand      = "strand"
	CutOfAnswer = "cut-answer"

	diskFull = "disk" // only where there is a small one
)

// faults are all that there are.
func faults() []fault {
	both, postgres := []Store{SQLite, Postgres}, []Store{Postgres}
	return []fault{
		{Kill, "kill -9 of an instance", both, 300 * time.Millisecond, killInstance},
		{Freeze, "an instance stands still", both, 2 * time.Second, freezeInstance},
		{diskFull, "the disk of the database is full", both, time.Second, fillDisk},
		{ServerKill, "kill -9 of PostgreSQL", postgres, 500 * time.Millisecond, killServer},
		{ServerStop, "immediate stop of PostgreSQL", postgres, 500 * time.Millisecond, stopServer},
		{"pg-freeze", "PostgreSQL stands still", postgres, 2 * time.Second, pauseServer},
		{"terminate", "PostgreSQL's backends are terminated", postgres, 0, terminateBackends},
		{"break", "an instance's connections to PostgreSQL break", postgres, 0, breakConnections},
		{"swallow", "the network swallows everything, or all answers", postgres, 2 * time.Second, swallow},
		{ClockStep, "the database's clock steps", both, 2 * time.Second, stepClock},
		{Strand, "COMMIT's answer is lost, and PostgreSQL out of reach for longer than callers wait", postgres, 0, strand},
		{"cut-sync", "a cut at the first Sync", postgres, time.Second, cut(testdb.CutFirstSync)},
		{"cut-before-commit", "a cut before COMMIT", postgres, time.Second, cut(testdb.CutBeforeCommit)},
		{CutOfAnswer, "a cut before COMMIT's answer", postgres, time.Second, cut(testdb.CutCommitAnswer)},
		{"cut-inside-answer", "a cut inside COMMIT's answer", postgres, time.Second, cut(testdb.CutInsideCommitAnswer)},
	}
}

// Faults returns the names of all faults of a store that begin with one of some words, and
// what each is; no words mean all.
func Faults(store Store, words ...string) (names, meanings []string) {
	for _, f := range faults() {
		wanted := len(words) == 0 || slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(f.name, word) })
		if wanted && slices.Contains(f.stores, store) {
			names, meanings = append(names, f.name), append(meanings, f.meaning)
		}
	}
	return names, meanings
}

// once makes what ends a fault say that it happened once.
func once(heal func()) func() int {
	return func() int {
		heal()
		return 1
	}
}

func (r *rig) any(random *rand.Rand) *node { return r.nodes[random.IntN(len(r.nodes))] }

func killInstance(r *rig, random *rand.Rand) (func() int, error) {
	n := r.any(random)
	n.Kill()
	return once(func() {
		n.Start()
		n.AwaitReady()
	}), nil
}

func freezeInstance(r *rig, random *rand.Rand) (func() int, error) {
	n := r.any(random)
	n.Freeze()
	return once(n.Thaw), nil
}

func killServer(r *rig, _ *rand.Rand) (func() int, error) {
	return once(r.startServer), r.cluster.Kill()
}

func stopServer(r *rig, _ *rand.Rand) (func() int, error) {
	return once(r.startServer), r.cluster.Stop(testdb.StopImmediate)
}

func (r *rig) startServer() {
	r.Helper()
	if err := r.cluster.Start(); err != nil {
		r.Fatal(err)
	}
}

func pauseServer(r *rig, _ *rand.Rand) (func() int, error) {
	return once(func() {
		if err := r.cluster.Resume(); err != nil {
			r.Fatal(err)
		}
	}), r.cluster.Pause()
}

func terminateBackends(r *rig, _ *rand.Rand) (func() int, error) {
	var ended int
	err := r.asSuperuser(func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`).Scan(&ended)
	})
	return func() int { return ended }, err
}

func breakConnections(r *rig, random *rand.Rand) (func() int, error) {
	r.any(random).wire.BreakAll()
	return func() int { return 1 }, nil
}

func swallow(r *rig, random *rand.Rand) (func() int, error) {
	wire := r.any(random).wire
	if random.IntN(2) == 0 {
		wire.BlackHole()
	} else {
		wire.SwallowAnswers()
	}
	return once(wire.Heal), nil
}

// cut cuts some connections of one instance at a point.
func cut(at testdb.Cut) func(*rig, *rand.Rand) (func() int, error) {
	return func(r *rig, random *rand.Rand) (func() int, error) {
		wire := r.any(random).wire
		before := wire.Cuts(at)
		wire.CutNext(at, 1+random.IntN(16))
		return func() int {
			wire.Heal()
			return wire.Cuts(at) - before
		}, nil
	}
}

// strandTime is longer than callers wait.
const strandTime = 6 * time.Second

func strand(r *rig, random *rand.Rand) (func() int, error) {
	wire := r.any(random).wire
	before := wire.Cuts(testdb.CutCommitAnswer)
	wire.OnCut(wire.Refuse)
	wire.CutNext(testdb.CutCommitAnswer, 2)
	return func() int {
		time.Sleep(strandTime)
		wire.OnCut(nil)
		wire.Heal()
		return wire.Cuts(testdb.CutCommitAnswer) - before
	}, nil
}

// Step is a change of the database's clock.
type Step struct {
	At     time.Duration `json:"at"`     // on the clock of clients, when it was certainly not made yet
	Done   time.Duration `json:"done"`   // when it certainly was
	Offset time.Duration `json:"offset"` // from the machine's clock, from then on
}

// mostStep is less than what makes a clock suspect.
const mostStep = 9 * time.Minute

func stepClock(r *rig, random *rand.Rand) (func() int, error) {
	offset := time.Duration(random.Int64N(2*int64(mostStep))) - mostStep
	if r.now().Before(r.midnight) { // it is to come in the middle of the run, not now
		offset = -offset.Abs()
	}
	err := r.setClock(offset)
	return once(func() {
		if err := r.setClock(0); err != nil {
			r.Fatal(err)
		}
	}), err
}

func (r *rig) setClock(offset time.Duration) error {
	step := Step{At: time.Since(r.start), Offset: r.base + offset}
	set := r.setServerClock
	if r.options.Store == SQLite {
		set = r.setProcessClock
	}
	err := set(step.Offset)
	step.Done = time.Since(r.start)
	r.steps = append(r.steps, step)
	return err
}

func (r *rig) setServerClock(offset time.Duration) error {
	return r.asSuperuser(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, fmt.Sprintf("CREATE OR REPLACE FUNCTION ration_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$SELECT clock_timestamp() + interval '%d ms'$$", offset.Milliseconds()))
		return err
	})
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

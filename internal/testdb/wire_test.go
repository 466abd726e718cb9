package testdb_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration/internal/testdb"
)

// wired returns a connection to a database with a table, and one through a wire.
func wired(t *testing.T) (direct *pgx.Conn, w *testdb.Wire, through *pgx.Conn) {
	t.Helper()
	dsn := testdb.Postgres(t)
	direct = connect(t, dsn)
	run(t, direct, "create table visits (n int)")
	w = testdb.NewWire(t, dsn)
	return direct, w, connect(t, w.DSN())
}

const countVisits = "select count(*) from visits"

// visit inserts a row in a transaction of several round trips.
func visit(ctx context.Context, conn *pgx.Conn) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "insert into visits values ($1)", 1)
		return err
	})
}

// prepared commits as decisions do: COMMIT is a prepared statement, behind the
// write of the second round trip.
func prepared(ctx context.Context, conn *pgx.Conn) error {
	for _, sql := range []string{"BEGIN", "insert into visits values (1)", "COMMIT"} {
		if _, err := conn.Prepare(ctx, sql, sql); err != nil {
			return err
		}
	}
	batch := new(pgx.Batch)
	batch.Queue("BEGIN")
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	batch = new(pgx.Batch)
	batch.Queue("insert into visits values (1)")
	batch.Queue("COMMIT")
	return conn.SendBatch(ctx, batch).Close()
}

func TestWireCutsWhereItSays(t *testing.T) {
	t.Parallel()
	for name, commit := range map[string]func(context.Context, *pgx.Conn) error{"simple": visit, "prepared": prepared} {
		for at, want := range map[testdb.Cut]int{
			testdb.CutFirstSync:          0,
			testdb.CutBeforeCommit:       0,
			testdb.CutCommitAnswer:       1,
			testdb.CutInsideCommitAnswer: 1,
		} {
			t.Run(name+" "+at.String(), func(t *testing.T) {
				t.Parallel()
				direct, w, through := wired(t)
				var told atomic.Int32
				w.OnCut(func() { told.Add(1) })
				w.CutNext(at, 2)
				for range 2 {
					if err := commit(t.Context(), connect(t, w.DSN())); err == nil {
						t.Error("the client got an answer")
					}
				}
				if got := ask[int](t, direct, countVisits); got != 2*want {
					t.Errorf("%d transactions were committed, want %d", got, 2*want)
				}
				if err := commit(t.Context(), through); err != nil {
					t.Errorf("a third transaction: %v", err)
				}
				if w.Cuts(at) != 2 || told.Load() != 2 {
					t.Errorf("%d cuts, %d told of, want 2", w.Cuts(at), told.Load())
				}
			})
		}
	}
}

func TestWireCutsRandomlyWhereItSays(t *testing.T) {
	t.Parallel()
	_, w, _ := wired(t)
	w.CutRandomly(7, 0.5, testdb.CutFirstSync, testdb.CutCommitAnswer)
	broken := 0
	for range 40 {
		if visit(t.Context(), connect(t, w.DSN())) != nil {
			broken++
		}
	}
	first, answer := w.Cuts(testdb.CutFirstSync), w.Cuts(testdb.CutCommitAnswer)
	if first < 5 || answer < 5 || first+answer != broken || broken == 40 {
		t.Errorf("%d and %d cuts, %d of 40 clients saw one", first, answer, broken)
	}
	if got := w.Cuts(testdb.CutBeforeCommit) + w.Cuts(testdb.CutInsideCommitAnswer); got != 0 {
		t.Errorf("%d cuts elsewhere", got)
	}
	w.Heal()
	if err := visit(t.Context(), connect(t, w.DSN())); err != nil {
		t.Errorf("after healing: %v", err)
	}
}

func TestWireDelaysEachWayOnce(t *testing.T) {
	t.Parallel()
	const delay, statements = 50 * time.Millisecond, 60
	_, w, through := wired(t)
	batch := new(pgx.Batch)
	for range statements {
		batch.Queue("select 1")
	}
	if err := through.SendBatch(t.Context(), batch).Close(); err != nil { // prepares
		t.Fatal(err)
	}
	w.Delay(delay)
	start := time.Now()
	if err := through.SendBatch(t.Context(), batch).Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 2*delay || took > statements*delay {
		t.Errorf("a round trip of %d statements took %v", statements, took)
	}
}

func TestWireBlackHoleTellsNobody(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault func(*testdb.Wire)
		done  bool
	}{
		"both ways":    {(*testdb.Wire).BlackHole, false},
		"answers only": {(*testdb.Wire).SwallowAnswers, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			direct, w, through := wired(t)
			row.fault(w)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			for _, try := range []func() error{
				func() error { _, err := through.Exec(ctx, "insert into visits values (1)"); return err },
				func() error { _, err := pgx.Connect(ctx, w.DSN()); return err },
			} {
				if err := try(); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, want nothing at all until the deadline", err)
				}
			}
			w.Heal()
			run(t, connect(t, w.DSN()), "insert into visits values (2)")
			for row.done && ask[int](t, direct, countVisits) < 2 {
				if t.Context().Err() != nil {
					t.Fatal("the server did not get what was sent")
				}
			}
			if got := ask[int](t, direct, countVisits); !row.done && got != 1 {
				t.Errorf("%d rows, want 1: the first was swallowed", got)
			}
		})
	}
}

func TestWireRefusesNewConnections(t *testing.T) {
	t.Parallel()
	_, w, through := wired(t)
	w.Refuse()
	if _, err := pgx.Connect(t.Context(), w.DSN()); err == nil {
		t.Error("a connection could be opened")
	}
	run(t, through, "insert into visits values (1)")
	w.Heal()
	connect(t, w.DSN())
	w.BreakAll()
	if _, err := through.Exec(t.Context(), "select 1"); err == nil {
		t.Error("a connection outlived BreakAll")
	}
}

func TestWireHoldsARoundTripBack(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		meanwhile string
		want      int
	}{
		"released in time":                  {"select 1", 1},
		"released after the server hung up": {"select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction' and datname = current_database()", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			direct, w, through := wired(t)
			w.HoldNext()
			if err := prepared(t.Context(), through); err == nil {
				t.Fatal("the client got an answer")
			}
			<-through.PgConn().CleanupDone() // it has asked the server to cancel, which must not meet what is released
			if got := ask[int](t, direct, countVisits); got != 0 || w.Held() != 1 {
				t.Fatalf("%d rows, and %d are held", got, w.Held())
			}
			run(t, direct, row.meanwhile)
			if got := w.Release(); got != row.want {
				t.Errorf("%d transactions were committed, want %d", got, row.want)
			}
			if got := ask[int](t, direct, countVisits); got != row.want {
				t.Errorf("%d rows, want %d", got, row.want)
			}
		})
	}
}

func TestWireForgetsWhatItSwallowed(t *testing.T) {
	t.Parallel()
	direct, w, through := wired(t)
	const sessions = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
	w.BlackHole()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := through.Exec(ctx, "insert into visits values (1)"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v, want nothing at all until the deadline", err)
	}
	w.Forget()
	if err := connect(t, w.DSN()).Ping(t.Context()); err != nil {
		t.Errorf("a new connection: %v", err)
	}
	if got := ask[int](t, direct, sessions); got != 2 {
		t.Errorf("%d sessions, want 2: the server does not learn that a client has gone", got)
	}
	w.Heal()
	for ask[int](t, direct, sessions) > 1 {
		if t.Context().Err() != nil {
			t.Fatal("the forgotten session is still there")
		}
	}
}

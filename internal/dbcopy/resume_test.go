package dbcopy_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/dbcopy"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
	"github.com/ration-dev/ration/sqlite"
)

// stoppingAfter calls stop when a copy has read so many rows.
func stoppingAfter(rows int, stop func()) func(int) func(int) {
	return func(int) func(int) {
		return func(done int) {
			if done == rows {
				stop()
			}
		}
	}
}

// TestResume stops a copy again and again, each time a few rows later, in both
// directions.
func TestResume(t *testing.T) {
	t.Parallel()
	path, _ := newFile(t)
	url, back := testdb.Postgres(t), filepath.Join(t.TempDir(), "back.db")
	for _, way := range []struct{ from, to dbcopy.Place }{{file(path), server(url)}, {server(url), file(back)}} {
		stopped := 0
		for rows := 3; ; rows += 21 {
			ctx, cancel := context.WithCancel(t.Context())
			_, err := dbcopy.RunInChunks(ctx, dbcopy.Config{From: way.from, To: way.to, Progress: stoppingAfter(rows, cancel)}, 2)
			cancel()
			if err == nil {
				break
			}
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("stopped after %d rows: %v", rows, err)
			}
			stopped++
		}
		if stopped < 5 {
			t.Errorf("stopped %d times", stopped)
		}
	}
	wantEqual(t, path, back)
}

// TestLostAnswer cuts the connection while the target answers a commit: one in the
// midst of the copy, then its last.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	path, secret := newFile(t)
	url := testdb.Postgres(t)
	wire := testdb.NewWire(t, url)
	rows := 0
	lose := func(at func(total int) int) error {
		_, err := dbcopy.RunInChunks(t.Context(), dbcopy.Config{From: file(path), To: server(wire.DSN()), Progress: func(total int) func(int) {
			rows = total
			return stoppingAfter(at(total), func() { wire.CutNext(testdb.CutCommitAnswer, 1) })(total)
		}}, 2)
		return err
	}
	err := lose(func(total int) int { return total / 4 })
	if err == nil || !strings.Contains(err.Error(), "run the same copy again") {
		t.Errorf("cut in the midst: %v", err)
	}
	wantUnfinished(t, url, secret)
	err = lose(func(total int) int { return total })
	if err == nil || !strings.Contains(err.Error(), "whether the copy has ended is not known") || rows == 0 {
		t.Errorf("cut at the end: %v", err)
	}
	store, err := postgres.Open(t.Context(), postgres.Config{URL: url})
	use(t, store, err, func(d database) {
		if got := d.charge(t, secret); got != 2 {
			t.Errorf("%d remain", got)
		}
	})
}

const (
	killVariable = "RATION_TEST_COPY_UNTIL"
	fromVariable = "RATION_TEST_COPY_FROM"
	toVariable   = "RATION_TEST_COPY_TO"
)

// TestCopyUntilKilled is the process that TestKilledCopy kills.
func TestCopyUntilKilled(t *testing.T) {
	until := os.Getenv(killVariable)
	if until == "" {
		return // nobody is there to kill it
	}
	rows := must[int](t)(strconv.Atoi(until))
	_, err := dbcopy.RunInChunks(t.Context(), dbcopy.Config{From: placeOf(os.Getenv(fromVariable)), To: placeOf(os.Getenv(toVariable)), Progress: stoppingAfter(rows, func() {
		fmt.Println("ready to be killed")
		select {}
	})}, 2)
	t.Errorf("the copy ended before it read %d rows: %v", rows, err)
}

func placeOf(text string) dbcopy.Place {
	if strings.HasPrefix(text, "postgres") {
		return server(text)
	}
	return file(text)
}

// TestKilledCopy kills a process in the midst of each part of a copy: no store
// opens what it has left, no secret is known there, and another run ends it.
func TestKilledCopy(t *testing.T) {
	t.Parallel()
	path, secret := newFile(t)
	url, back := testdb.Postgres(t), filepath.Join(t.TempDir(), "back.db")
	rows := 0
	count := func(total int) func(int) { rows = total; return func(int) {} }
	if _, err := dbcopy.Run(t.Context(), dbcopy.Config{From: file(path), To: server(testdb.Postgres(t)), Progress: count}); err != nil {
		t.Fatal(err)
	}
	for _, way := range []struct{ from, to string }{{path, url}, {url, back}} {
		for _, until := range []int{1, rows / 3, rows} {
			killAt(t, way.from, way.to, until)
			wantUnfinished(t, way.to, secret)
		}
		mustCopy(t, placeOf(way.from), placeOf(way.to))
	}
	wantEqual(t, path, back)
}

func killAt(t *testing.T, from, to string, rows int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCopyUntilKilled$")
	cmd.Env = append(os.Environ(), killVariable+"="+strconv.Itoa(rows), fromVariable+"="+from, toVariable+"="+to)
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || line != "ready to be killed\n" {
		t.Errorf("the copy said %q, %v", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // which says that it was killed
}

// wantUnfinished opens a half copy as a server does, and looks for a digest.
func wantUnfinished(t *testing.T, place string, secret ration.Secret) {
	t.Helper()
	var err error
	var have int64
	if placeOf(place).URL != "" {
		_, err = postgres.Open(t.Context(), postgres.Config{URL: place})
		if schema, ok := errors.AsType[*postgres.SchemaError](err); ok {
			have = schema.Have
		}
	} else {
		_, err = sqlite.Open(t.Context(), sqlite.Config{Path: place})
		if schema, ok := errors.AsType[*sqlite.SchemaError](err); ok {
			have = schema.Have
		}
	}
	if have != admin.UnfinishedCopy || !strings.Contains(err.Error(), "run 'ration copy' again") {
		t.Errorf("opening a half copy: %v", err)
	}
	if digests := texts(t, place, "SELECT count(*) FROM secret_digests")[0]; digests != "0" {
		t.Errorf("%s digests are there", digests)
	}
}

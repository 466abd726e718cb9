// Command scale measures what a large database costs, on SQLite and on PostgreSQL: it
// fills each with a million keys that have 30 days of usage each, and prints
//
//   - what a page of each list takes, against reading one key by its id, both asked of the
//     admin API in turns, and against reading one row by its primary key in SQL;
//   - what a page of the console takes, against the same;
//   - how many decisions a second are made while nobody reads, and while somebody reads
//     reports without end, in turns;
//   - on PostgreSQL, how many of the updates of decisions were heap-only tuples (HOT).
//
// All ratios are of one run. Ration runs as a process of its own, on this machine.
package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/ration-dev/ration/bench/instance"
	"github.com/ration-dev/ration/internal/testdb"
)

// settings are what the command line says.
type settings struct {
	binary    string
	databases string
	size      size
	rounds    int           // of reading each page
	length    time.Duration // of each measurement of decisions
	pairs     int           // of measurements with and without reports
}

// size is how much a database has.
type size struct{ keys, days int }

func main() {
	var s settings
	flag.StringVar(&s.binary, "ration", "bin/ration", "the binary that is measured")
	flag.StringVar(&s.databases, "databases", "SQLite,PostgreSQL", "on which databases")
	flag.IntVar(&s.size.keys, "keys", 1_000_000, "keys")
	flag.IntVar(&s.size.days, "days", 30, "days of usage of each key")
	flag.IntVar(&s.rounds, "rounds", 200, "how often each page is read; 0: only decisions, while words are still written")
	flag.DurationVar(&s.length, "time", 10*time.Second, "length of each measurement of decisions")
	flag.IntVar(&s.pairs, "pairs", 5, "measurements of decisions with and without reports; 0: only pages")
	flag.Parse()
	if err := run(&s); err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

func run(s *settings) error {
	ctx, stopSignals := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stopSignals()
	dir, err := os.MkdirTemp("", "scale")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for name := range strings.SplitSeq(s.databases, ",") {
		switch name {
		case "SQLite":
			err = measure(ctx, s, &sqliteDatabase{path: filepath.Join(dir, "ration.db")})
		case "PostgreSQL":
			err = measureOnPostgres(ctx, s)
		default:
			err = fmt.Errorf("no database %q: use SQLite or PostgreSQL", name)
		}
		if err != nil {
			return fmt.Errorf("on %s: %w", name, err)
		}
	}
	return nil
}

func measureOnPostgres(ctx context.Context, s *settings) error {
	cluster, err := testdb.NewCluster(ctx, map[string]string{"fsync": "on", "shared_buffers": "1GB", "max_wal_size": "8GB"})
	if err != nil {
		return err
	}
	defer func() { _ = cluster.Close() }()
	return measure(ctx, s, &postgresDatabase{dsn: cluster.DSN()})
}

// measure fills a database and makes all measurements on it.
func measure(ctx context.Context, s *settings, database database) error {
	start := time.Now()
	var admin, verify string
	for _, step := range []struct {
		output *string
		args   []string
	}{
		{new(string), []string{"migrate"}},
		{new(string), []string{"plans", "create", "free", "--limit", "1000/day"}},
		{new(string), []string{"plans", "create", "pro", "--limit", "1000000000/day"}},
		{new(string), []string{"plans", "create", "gold", "--limit", "1000000/month"}},
		{&admin, []string{"tokens", "create", "admin", "--scope", "admin", "--quiet"}},
		{&verify, []string{"tokens", "create", "verify", "--scope", "verify", "--quiet"}},
	} {
		var err error
		if *step.output, err = instance.Command(ctx, s.binary, database.url(), step.args...); err != nil {
			return err
		}
	}
	db, err := database.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	for _, statement := range database.fill(s.size) {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%.60s…: %w", statement, err)
		}
	}
	ration, err := instance.Serve(ctx, s.binary, database.url(), "--upstream", "http://127.0.0.1:9")
	if err != nil {
		return err
	}
	defer ration.Stop()
	fmt.Printf("\n## %s\n\n%d keys with %d days of usage each; filled in %s", database.name(), s.size.keys, s.size.days, time.Since(start).Round(time.Second))
	reader := &reader{url: "http://" + ration.Admin + "/v1/admin", token: admin, keys: s.size.keys}
	if s.rounds == 0 {
		fmt.Println(".")
	} else {
		start = time.Now()
		if err := awaitWords(ctx, db); err != nil {
			return err
		}
		fmt.Printf(", words for the search written in %s", time.Since(start).Round(time.Second))
		if err := measurePages(ctx, s, reader, db, database.keyRow()); err != nil {
			return err
		}
	}
	if err := measureConsole(ctx, s, reader, ration.Admin); err != nil {
		return err
	}
	if s.pairs == 0 {
		return nil
	}
	return measureDecisions(ctx, s, &decisions{address: ration.API, token: verify, reader: reader, db: db, hot: database.hot()})
}

// awaitWords waits until Ration has written the words of all keys, by which it finds them.
func awaitWords(ctx context.Context, db *sql.DB) error {
	for {
		var missing bool
		if err := db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM api_keys WHERE words_at <> updated_at)").Scan(&missing); err != nil || !missing {
			return err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

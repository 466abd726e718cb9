package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

// migrateVariable tells a second run of this test binary, started by a test, which
// database to migrate. Without it the parts below have nothing to do and pass.
const migrateVariable = "RATION_POSTGRES_TEST_MIGRATE"

// blocking needs a lock on plans after it has changed much.
const blocking = addTable + "DROP TABLE api_key_limits;"

func TestRerunMigrates(t *testing.T) {
	url := os.Getenv(migrateVariable)
	if url == "" {
		return
	}
	_, to, err := postgres.Migrate(t.Context(), laterBuild(t, url, blocking))
	fmt.Printf("migrated to %d, %v\n", to, err)
}

// rerun starts a part in a process of its own.
func rerun(t *testing.T, part, url string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+part+"$")
	cmd.Env = append(os.Environ(), migrateVariable+"="+url)
	output := new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, output
}

func TestKilledMigratorLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, through := range []string{"directly", "through a pooler"} {
		t.Run(through, func(t *testing.T) {
			t.Parallel()
			d := newDatabase(t)
			url := d.url
			if through != "directly" {
				url = testdb.PgBouncer(t, d.url, nil)
			}
			reader, err := connect(t, d.url).Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer reader.Rollback(context.Background())
			if _, err := reader.Exec(t.Context(), "SELECT FROM api_key_limits"); err != nil {
				t.Fatal(err)
			}
			cmd, output := rerun(t, "TestRerunMigrates", url)
			d.await(t, somebodyWaits) // half-way: for the reader
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err == nil || output.Len() > 0 {
				t.Fatalf("the migrator was not killed half-way: %s", output)
			}
			// While what it waited for is still locked.
			d.await(t, "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE '%later%' AND pid <> pg_backend_pid())")
			if ask[bool](t, d, "SELECT to_regclass('later') IS NOT NULL") {
				t.Error("half of the migration is there")
			}
			if through == "directly" {
				d.wantApplied(t, ownVersion)
			}
			if err := reader.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
			if from, to, err := postgres.Migrate(t.Context(), laterBuild(t, url, blocking)); err != nil || from != ownVersion || to != laterVersion {
				t.Errorf("the next Migrate = %d, %d, %v", from, to, err)
			}
			if got := ask[int](t, d, "SELECT count(*) FROM later"); got != 1 {
				t.Errorf("the next one did it %d times", got)
			}
		})
	}
}

// TestRerunCountsWhatMigrationsLeave is alone in its process, so that what is
// open there is its own.
func TestRerunCountsWhatMigrationsLeave(t *testing.T) {
	url := os.Getenv(migrateVariable)
	if url == "" {
		return
	}
	var counts []string
	goroutines := runtime.NumGoroutine()
	for range 5 {
		_, _, err := postgres.Migrate(t.Context(), laterBuild(t, url, contract))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := postgres.Migrate(t.Context(), postgres.Config{URL: url}); err == nil {
			t.Fatal("an older build migrated")
		}
		if _, err := postgres.Open(t.Context(), postgres.Config{URL: url}); err == nil {
			t.Fatal("an older build opened the database")
		}
		descriptors, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		counts = append(counts, fmt.Sprintf("%d descriptors", len(descriptors)))
		awaitGoroutines(t, goroutines)
	}
	fmt.Printf("counted: %s\n", strings.Join(counts, "; "))
}

// awaitGoroutines returns when no more are running: those of a closed connection
// end by themselves.
func awaitGoroutines(t *testing.T, most int) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); runtime.NumGoroutine() > most; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines are running, %d before", runtime.NumGoroutine(), most)
		}
	}
}

func TestMigrationsAndRefusalsLeaveNothingOpen(t *testing.T) {
	t.Parallel()
	d := &database{url: testdb.Postgres(t)}
	d.conn = connect(t, d.url)
	cmd, output := rerun(t, "TestRerunCountsWhatMigrationsLeave", d.url)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	_, line, _ := strings.Cut(output.String(), "counted: ")
	line, _, _ = strings.Cut(line, "\n")
	counts := strings.Split(line, "; ")
	if len(counts) != 5 || counts[1] != counts[4] {
		t.Errorf("open after each: %q", counts)
	}
	d.wantApplied(t, laterVersion)
}

package postgres_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

func TestMigrateTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	config := postgres.Config{URL: testdb.Postgres(t)}
	for _, want := range [][2]int64{{0, 1}, {1, 1}} {
		from, to, err := postgres.Migrate(t.Context(), config)
		if err != nil || from != want[0] || to != want[1] {
			t.Errorf("Migrate = %d, %d, %v; want %v", from, to, err, want)
		}
	}
}

func TestEightInstancesMigrateAtOnce(t *testing.T) {
	t.Parallel()
	config := postgres.Config{URL: testdb.Postgres(t)}
	var wg sync.WaitGroup
	var mu sync.Mutex
	migrated := 0
	for range 8 {
		wg.Go(func() {
			from, to, err := postgres.Migrate(t.Context(), config)
			mu.Lock()
			defer mu.Unlock()
			if err != nil || to != 1 {
				t.Errorf("Migrate = %d, %d, %v", from, to, err)
			}
			if from == 0 {
				migrated++
			}
		})
	}
	wg.Wait()
	if migrated != 1 {
		t.Errorf("%d instances migrated, want 1", migrated)
	}
}

func TestOpenRefusesAnotherSchema(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		prepare func(*database)
		have    int64
	}{
		"none": {func(d *database) { d.exec(t, "DROP TABLE goose_db_version") }, 0},
		"newer": {func(d *database) {
			d.exec(t, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (7, true)")
		}, 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDatabase(t)
			row.prepare(d)
			_, err := postgres.Open(t.Context(), postgres.Config{URL: d.url})
			var schema *postgres.SchemaError
			if !errors.As(err, &schema) || schema.Have != row.have || schema.Want != 1 {
				t.Fatalf("Open = %v, want a SchemaError with version %d and 1", err, row.have)
			}
		})
	}
}

func TestMigrateRefusesANewerSchema(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.exec(t, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (7, true)")
	_, _, err := postgres.Migrate(t.Context(), postgres.Config{URL: d.url})
	if !errors.As(err, new(*postgres.SchemaError)) || !strings.Contains(err.Error(), "7") {
		t.Errorf("Migrate = %v, want a SchemaError that names version 7", err)
	}
}

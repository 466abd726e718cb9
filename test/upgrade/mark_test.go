package upgrade_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration/internal/sqladmin"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
	"github.com/ration-dev/ration/test/harness"
)

const (
	formerVersion     = 4 // of the schema that formerCommit knows
	exitSchemaUnknown = 6
)

func TestAMarkAboveTheFormerSchemaRefusesItsBuild(t *testing.T) {
	db, upstream := testdb.Postgres(t), harness.NewUpstream(t)
	harness.CLI(t, db, "migrate")
	mark(t, db, formerVersion+1)
	instance := harness.NewInstance(t, db, upstream.URL)
	instance.Use(former(t))
	instance.Start()
	if code := instance.ExitCode(); code != exitSchemaUnknown {
		t.Errorf("the former build ended with exit code %d, want %d", code, exitSchemaUnknown)
	}
	want := fmt.Sprintf("has version %d, for builds that know version %d or later, and this one knows only %d", postgres.SchemaVersion(), formerVersion+1, formerVersion)
	if said := instance.Log(); !strings.Contains(said, want) {
		t.Errorf("the former build says %q, want %q", said, want)
	}
}

// TestAUnitRefusesTheFormerBuild: it would take thousandths for whole numbers.
func TestAUnitRefusesTheFormerBuild(t *testing.T) {
	db, upstream := testdb.Postgres(t), harness.NewUpstream(t)
	harness.CLI(t, db, "migrate")
	harness.CLI(t, db, "meters", "set", "seconds", "--unit", "0.001")
	instance := harness.NewInstance(t, db, upstream.URL)
	instance.Use(former(t))
	instance.Start()
	if code := instance.ExitCode(); code != exitSchemaUnknown {
		t.Errorf("the former build ended with exit code %d, want %d", code, exitSchemaUnknown)
	}
	if said := instance.Log(); !strings.Contains(said, fmt.Sprintf("for builds that know version %d or later", sqladmin.MeterSchema)) {
		t.Errorf("the former build says %q", said)
	}
}

// mark says which version a build has to know.
func mark(t *testing.T, db string, least int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), "UPDATE schema_compatibility SET least_version = $1", least); err != nil {
		t.Fatal(err)
	}
}

package testdb_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/testdb"
)

// rerunVariable tells a second run of this test binary, started by a test, which
// part to play. Without it the parts have nothing to play and pass.
const rerunVariable = "RATION_TESTDB_RERUN"

func TestRerunUsesPostgres(t *testing.T) {
	if os.Getenv(rerunVariable) != "postgres" {
		return
	}
	conn := connect(t, testdb.Postgres(t))
	run(t, conn, "create table t ()")
	fmt.Println("database in it: ok")
}

// TestRerunStartsACluster tells where its cluster is and waits to be killed.
func TestRerunStartsACluster(t *testing.T) {
	if os.Getenv(rerunVariable) != "cluster" {
		return
	}
	cluster := testdb.StartCluster(t, nil)
	fmt.Printf("data directory: %s\n", cluster.DataDir())
	<-time.After(time.Minute)
	t.Fatal("nobody killed this process")
}

package testdb_test

import (
	"testing"

	"github.com/ration-dev/ration/internal/testdb"
)

const systemIdentifier = "select system_identifier from pg_control_system()"

// A cluster that is started is a copy where there is something to copy; one that has
// to be told from others never is.
func TestClustersAreCopiesUnlessTheyMustBeUnrelated(t *testing.T) {
	initial, err := testdb.NewInitial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := initial.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Setenv(testdb.InitialVariable, initial.Dir())
	identifier := func(cluster *testdb.Cluster) int64 {
		return ask[int64](t, connect(t, cluster.DSN()), systemIdentifier)
	}
	one := identifier(testdb.StartCluster(t, nil))
	if other := identifier(testdb.StartCluster(t, nil)); other != one {
		t.Errorf("copies have the identifiers %d and %d", one, other)
	}
	if unrelated := identifier(testdb.StartUnrelatedCluster(t, nil)); unrelated == one {
		t.Error("an unrelated cluster has the identifier of the others")
	}
}

package sqlite_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration/sqlite"
)

func TestCommitsAreFlushed(t *testing.T) {
	store := open(t, sqlite.Config{Path: newPath(t)})
	got, err := store.Settings(t.Context(), "journal_mode", "synchronous", "wal_autocheckpoint", "foreign_keys", "query_only")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"writer journal_mode":       "wal",
		"writer synchronous":        "2", // FULL
		"writer wal_autocheckpoint": "0",
		"writer foreign_keys":       "1",
		"writer query_only":         "0",
		"reader journal_mode":       "wal",
		"reader synchronous":        "2",
		"reader wal_autocheckpoint": "1000", // it writes nothing that could start one
		"reader foreign_keys":       "1",
		"reader query_only":         "1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOldSQLiteIsNamed(t *testing.T) {
	old, ok := errors.AsType[*sqlite.VersionError](sqlite.RefuseOld("3.46.1"))
	if !ok || old.Have != "3.46.1" || old.Want != "3.51.3" {
		t.Errorf("a %T: %v", old, old)
	}
}

func TestOldSQLiteIsRefused(t *testing.T) {
	for version, refused := range map[string]bool{
		"3.51.2": true, "3.50.4": true, "2.99.99": true, "3.9.0": true, "nonsense": true, "": true,
		"3.51.3": false, "3.51.10": false, "3.52.0": false, "4.0.0": false,
	} {
		if err := sqlite.RefuseOld(version); (err != nil) != refused {
			t.Errorf("%q: error %v", version, err)
		}
	}
}

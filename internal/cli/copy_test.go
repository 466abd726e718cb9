package cli_test

import (
	"encoding/csv"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/sqlite"
)

// TestCopyCommand moves a database to PostgreSQL. What a copy does is tested in
// package dbcopy.
func TestCopyCommand(t *testing.T) {
	t.Setenv("TZ", "Asia/Kathmandu")
	path, url := filepath.Join(t.TempDir(), "ration.db"), testdb.Postgres(t)
	must(t, "sqlite:"+path, "plans", "create", "free", "--limit", "5/day")
	must(t, "sqlite:"+path, "keys", "create", "alice", "--plan", "free")
	before := must(t, "sqlite:"+path, "keys", "list", "-o", "json")

	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if busy := invoke(t, url, "copy", "--from", "sqlite:"+path, "--to", "env:RATION_DB"); busy.code != 4 || !strings.Contains(busy.stderr, "in use by process") {
		t.Errorf("while a server runs: %+v", busy)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}

	shown, err := csv.NewReader(strings.NewReader(must(t, url, "copy", "--from", "sqlite:"+path, "--to", "env:RATION_DB", "-o", "csv"))).ReadAll()
	if err != nil || len(shown) != 35 {
		t.Fatalf("%q, error %v", shown, err)
	}
	for _, line := range shown[1:] {
		if line[1] != line[2] || line[9] != "true" || line[0] == "api_keys" && line[1] != "1" {
			t.Errorf("copied %q", line)
		}
	}
	if after := must(t, url, "keys", "list", "-o", "json"); after != before {
		t.Errorf("keys were\n%s\nand are\n%s", before, after)
	}
	if again := invoke(t, url, "copy", "--from", "sqlite:"+path, "--to", "env:RATION_DB"); again.code != 4 || !strings.Contains(again.stderr, "is not empty") {
		t.Errorf("a second time: %+v", again)
	}
}

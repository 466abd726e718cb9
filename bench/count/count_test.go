package count_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration/bench/count"
	"github.com/ration-dev/ration/internal/testdb"
)

// TestCountersCountAndCheckALimit, lest something that does less than it should is fast.
func TestCountersCountAndCheckALimit(t *testing.T) {
	t.Parallel()
	for way, database := range map[string]func(*testing.T) string{
		"memory":          func(*testing.T) string { return "" },
		"upsert-sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "count.db") },
		"upsert-postgres": func(t *testing.T) string { return testdb.Postgres(t) },
	} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			counter, err := count.Open(t.Context(), way, database(t))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = counter.Close(context.Background()) }()
			for _, step := range []struct {
				key      string
				n        int64
				admitted bool
			}{{"a", 1, true}, {"a", 2, true}, {"b", 1, true}, {"b", count.Limit - 1, true}, {"b", 1, false}, {"a", count.Limit, false}} {
				if admitted, err := counter.Count(t.Context(), step.key, step.n); err != nil || admitted != step.admitted {
					t.Errorf("counting %d of %s: got %v, %v", step.n, step.key, admitted, err)
				}
			}
			used, err := counter.(count.Reader).Used(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]int64{"a": 3, "b": count.Limit}, used); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOpenNamesTheWaysThatThereAre(t *testing.T) {
	t.Parallel()
	if _, err := count.Open(t.Context(), "guess", ""); err == nil || !strings.Contains(err.Error(), "engine, memory, redis, upsert-postgres, upsert-sqlite") {
		t.Errorf("got error %v", err)
	}
}

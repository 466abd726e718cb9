package adminapi_test

import (
	"testing"

	"github.com/ration-dev/ration/sqlite"
)

func TestTheSystemDescribesItself(t *testing.T) {
	s := serve(t)
	response, answer := s.call("GET", "/system", "")
	database, ok := answer["database"].(map[string]any)
	if response.StatusCode != 200 || !ok {
		t.Fatalf("%d %v", response.StatusCode, answer)
	}
	if database["kind"] != "sqlite" || database["version"] == "" || database["schema_version"] != float64(sqlite.SchemaVersion()) || database["size_bytes"].(float64) <= 0 {
		t.Errorf("database %v", database)
	}
	if weakened, isList := answer["weakened"].([]any); !isList || len(weakened) != 0 {
		t.Errorf("weakened %v, want an empty list", answer["weakened"])
	}
}

func TestInstancesAreListed(t *testing.T) {
	s := serve(t)
	response, answer := s.call("GET", "/instances", "")
	items, isList := answer["items"].([]any)
	if response.StatusCode != 200 || !isList || len(items) != 0 || answer["at"] == nil {
		t.Errorf("%d %v, want an empty list and a time", response.StatusCode, answer)
	}
}

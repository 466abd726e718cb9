package config_test

import (
	"slices"
	"testing"

	"github.com/ration-dev/ration/internal/config"
)

func TestKeyRequestsPath(t *testing.T) {
	for _, row := range []struct{ name, content, want string }{
		{"by default", "", "/v1/key-requests"},
		{"off", "key_requests_path: off\n", ""},
		{"of its own", "key_requests_path: /ask\n", "/ask"},
		{"beneath a route", "routes: [{path: /v1/*}]\n", "/v1/key-requests"},
		{"of a route", "routes: [{path: /a}, {path: /v1/key-requests/state, free: true}]\n", ""},
	} {
		got, err := config.Load(config.Sources{File: write(t, "ration.yaml", row.content)})
		if err != nil || got.KeyRequests.Path != row.want || got.KeyRequests.Open {
			t.Errorf("%s: got %+v, %v; want %q", row.name, got.KeyRequests, err, row.want)
		}
		noted := slices.Contains(got.Notes, "key_requests_path is off, because routes[1] has the path /v1/key-requests/state too; set it to another path, and keys can be asked for and picked up")
		if noted != (row.name == "of a route") {
			t.Errorf("%s: notes %q", row.name, got.Notes)
		}
	}
}

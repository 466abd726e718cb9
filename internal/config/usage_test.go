package config_test

import (
	"slices"
	"testing"

	"github.com/ration-dev/ration/internal/config"
)

func TestUsagePath(t *testing.T) {
	for _, row := range []struct{ name, content, want string }{
		{"by default", "", "/v1/usage"},
		{"off", "usage_path: off\n", ""},
		{"of its own", "usage_path: /.ration/my-usage~1\n", "/.ration/my-usage~1"},
		{"beneath a route", "routes: [{path: /v1/*}]\n", "/v1/usage"},
		{"of a route", "routes: [{path: /a}, {path: /v1/usage, free: true}]\n", ""},
		{"another one than a route's", "usage_path: /mine\nroutes: [{path: /v1/usage}]\n", "/mine"},
	} {
		got, err := config.Load(config.Sources{File: write(t, "ration.yaml", row.content)})
		if err != nil || got.UsagePath != row.want {
			t.Errorf("%s: got %q, %v; want %q", row.name, got.UsagePath, err, row.want)
		}
		noted := slices.Contains(got.Notes, "usage_path is off, because routes[1] has the path /v1/usage; set usage_path to another path, and holders of keys can ask what they have used")
		if noted != (row.name == "of a route") {
			t.Errorf("%s: notes %q", row.name, got.Notes)
		}
	}
}

func TestUsageURL(t *testing.T) {
	for _, value := range []string{"", "/api/v1/usage", "https://api.example.com/v1/usage", "http://[::1]:8080/v1/usage"} {
		got, err := config.Load(config.Sources{Flags: map[string]string{"usage_url": value}})
		if err != nil || got.UsageURL != value {
			t.Errorf("%q: got %q, %v", value, got.UsageURL, err)
		}
	}
}

package config_test

import (
	"testing"

	"github.com/ration-dev/ration/internal/config"
)

func TestPortal(t *testing.T) {
	got, err := config.Load(config.Sources{File: write(t, "ration.yaml", "portal_path: /own\nportal_url: https://api.example.com/x/own/\nportal_color: \"#FA0\"\nportal_link: http://localhost:3000\nportal_rotation: \"on\"\nroutes: [{path: /owner}, {path: /*}]\n")})
	if p := got.Portal; err != nil || p.Path != "/own" || p.ByDefault || p.URL != "https://api.example.com/x/own" || p.Color != "#ffaa00" || !p.Rotation || p.Link == "" {
		t.Errorf("got %+v, %v", p, err)
	}
}

// TestDevShowsThePortal leaves alone what somebody has decided, and what a route has.
func TestDevShowsThePortal(t *testing.T) {
	for _, row := range []struct{ name, content, want string }{
		{"by default", "", "/portal"},
		{"off", "portal_path: \"off\"\n", ""},
		{"elsewhere", "portal_path: /own\n", "/own"},
		{"a route has it", "routes: [{path: /portal/x}]\n", ""},
		{"usage has it", "usage_path: /portal\n", ""},
	} {
		got, err := config.Load(config.Sources{File: write(t, "ration.yaml", row.content)})
		if got.ShowPortal(); err != nil || got.Portal.Path != row.want {
			t.Errorf("%s: got %q, %v; want %q", row.name, got.Portal.Path, err, row.want)
		}
	}
}

package cli_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/sqlite"
)

// TestDevLogsIn: the first link of what the demo says begins a session.
func TestDevLogsIn(t *testing.T) {
	t.Chdir(t.TempDir())
	got := startDev(t, nil, "--admin-listen", "127.0.0.1:0")
	found := regexp.MustCompile(`\n\n  console     http://127\.0\.0\.1:[0-9]+/login#(rk_login_[0-9A-Za-z]{38}) \(logs you in, once\)\n  proxy `).FindStringSubmatch(got.stdout)
	if got.code != 0 || found == nil || strings.Contains(got.stderr, "rk_login_") {
		t.Fatalf("%+v; want a link before all others, and none in the log", got)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: "ration-dev.db"})
	if err != nil {
		t.Fatal(err)
	}
	begun, err := admin.New(store, admin.Config{}).LogInWithLink(t.Context(), ration.SecretFromText(found[1]), admin.Login{})
	if err := errors.Join(err, store.Close()); err != nil || !begun.Session.Allows("admin") {
		t.Errorf("%+v, %v", begun.Session, err)
	}
	if got := startDev(t, nil, "--admin-listen", "off"); got.code != 0 || strings.Contains(got.stdout, "console") {
		t.Errorf("without an admin listener: %+v", got)
	}
}

// TestFirstStartSaysHowToLogIn where nothing was ever done, and puts no secret into a log.
func TestFirstStartSaysHowToLogIn(t *testing.T) {
	t.Chdir(t.TempDir())
	const hint = "nobody can log in to the console yet"
	first := startServer(t, nil, "--admin-listen", "127.0.0.1:0").stop().stderr
	if !strings.Contains(first, hint) || !strings.Contains(first, "ration admin login-link") || strings.Contains(first, "rk_login_") {
		t.Errorf("the first start says\n%s", first)
	}
	must(t, "sqlite:ration.db", "plans", "create", "free", "--unlimited")
	if second := startServer(t, nil, "--admin-listen", "127.0.0.1:0").stop().stderr; strings.Contains(second, hint) {
		t.Errorf("a later start says\n%s", second)
	}
}

package cli_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/adminapi"
	"github.com/ration-dev/ration/internal/grant"
	"github.com/ration-dev/ration/rationadmin"
	"github.com/ration-dev/ration/sqlite"
)

// onlyWithDatabase are the scripts that can't run with a server, and why.
var onlyWithDatabase = map[string]string{
	"backup":           "a backup is made beside the database",
	"restore":          "a restoration replaces the database's file",
	"copy":             "a copy reads and writes databases",
	"database":         "it is about files that are missing, damaged or of another release",
	"config":           "it is about the settings of a server and of commands on its database",
	"doctor_settings":  "the settings that it judges are those of the server's machine",
	"server":           "it is about the socket beside the database",
	"tokens_bootstrap": "it starts servers on the database",
}

// TestScriptsWithServer runs the same scripts with --server in place of --db: commands
// then ask the admin API of a server on the same database.
func TestScriptsWithServer(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(scripts, "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d scripts, %v", len(paths), err)
	}
	params := testscript.Params{Cmds: scriptCommands, RequireUniqueNames: true, RequireExplicitExec: true, Condition: condition("server"), Setup: setUpServer}
	alone := params
	for _, path := range paths {
		if _, listed := onlyWithDatabase[strings.TrimSuffix(filepath.Base(path), ".txtar")]; listed {
			alone.Files = append(alone.Files, path)
		} else {
			params.Files = append(params.Files, path)
		}
	}
	if len(alone.Files) != len(onlyWithDatabase) {
		t.Errorf("the list has %d scripts, of which there are %d", len(onlyWithDatabase), len(alone.Files))
	}
	t.Run("list", func(t *testing.T) { testscript.RunT(mustFail{t}, alone) })
	testscript.Run(t, params)
}

// remote is a server as commands reach it: with a token, through its admin API.
type remote struct {
	path    string
	http    *httptest.Server
	handler atomic.Pointer[http.Handler]
}

// setUpServer makes commands ask a server that has the script's database open.
func setUpServer(env *testscript.Env) error {
	r := &remote{path: filepath.Join(env.WorkDir, "ration.db")}
	running := &server{path: r.path, remote: r}
	env.Values["server"] = running
	r.http = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) { (*r.handler.Load()).ServeHTTP(w, request) }))
	env.Defer(func() {
		r.http.Close()
		if err := running.store.Close(); err != nil {
			panic(err)
		}
	})
	token := filepath.Join(env.WorkDir, ".token")
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("RATION_SERVER", r.http.URL)
	env.Setenv("RATION_TOKEN_FILE", token)
	return errors.Join(r.open(running, time.Now), os.WriteFile(token, []byte(scriptToken+"\n"), 0o600), os.Chmod(env.WorkDir, 0o700)) //nolint:gosec // a directory has to be entered
}

// scriptToken is the token of a script's commands. It is in no database, where lists would
// show it.
const scriptToken = "rk_token_script"

// open serves the database by a clock.
func (r *remote) open(running *server, clock func() time.Time) (err error) {
	running.store, err = sqlite.Open(context.Background(), sqlite.Config{Path: r.path, Clock: clock, RequestLog: 30 * 24 * time.Hour})
	if err != nil {
		return err
	}
	origin := rationadmin.Origin{From: "socket"} // as the scripts have it
	service := admin.New(running.store, admin.Config{})
	var handler http.Handler = adminapi.New(adminapi.Config{Authenticate: func(request *http.Request, scope string) (adminapi.Caller, error) {
		token := admin.Token{Name: "script", Scopes: []string{admin.ScopeAdmin}}
		if request.Header.Get("Authorization") != "Bearer "+scriptToken || !token.Allows(scope) {
			return adminapi.Caller{}, admin.ErrTokenInvalid
		}
		return adminapi.Caller{Actor: "token:" + token.Name, Operations: grant.Of(token).Operations(service), Origin: origin}, nil
	}})
	r.handler.Store(&handler)
	return nil
}

// serveRemote opens the database again: at a set time, or at that of this machine.
func serveRemote(ts *testscript.TestScript, running *server, args []string) {
	clock := time.Now
	if args[0] == "start" {
		now := timeOf(ts, args)
		clock = func() time.Time { return now }
	}
	ts.Check(running.store.Close())
	ts.Check(running.remote.open(running, clock))
}

// mustFail runs scripts each of which has to fail.
type mustFail struct{ *testing.T }

// Run implements testscript.T.
func (m mustFail) Run(name string, script func(testscript.T)) {
	m.T.Run(name, func(t *testing.T) {
		t.Parallel()
		one := &failing{T: t}
		ended := make(chan struct{})
		go func() { // FailNow ends it
			defer close(ended)
			script(one)
		}()
		<-ended
		if !one.failed.Load() {
			t.Errorf("%s passes with a server too: take it off the list", name)
		}
	})
}

// failing notes that a script fails, and doesn't fail itself.
type failing struct {
	*testing.T
	failed atomic.Bool
}

func (f *failing) Parallel()  {}
func (f *failing) Log(...any) {}
func (f *failing) FailNow() {
	f.failed.Store(true)
	runtime.Goexit()
}
func (f *failing) Fatal(...any)                   { f.FailNow() }
func (f *failing) Verbose() bool                  { return false }
func (f *failing) Run(string, func(testscript.T)) {}
func (m mustFail) Verbose() bool                  { return false }

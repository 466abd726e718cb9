package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/cli"
)

// asking runs the command line with a home directory that holds a token.
type asking struct {
	t           *testing.T
	home, token string // the token's file
}

func newAsking(t *testing.T) asking {
	t.Helper()
	a := asking{t: t, home: t.TempDir()}
	a.token = filepath.Join(a.home, "token")
	if err := os.WriteFile(a.token, []byte("rk_token_x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a asking) run(ctx context.Context, stdin string, args ...string) invocation {
	var stdout, stderr bytes.Buffer
	code := cli.Main(ctx, args, strings.NewReader(stdin), &stdout, &stderr, []string{"HOME=" + a.home, "XDG_CONFIG_HOME=" + filepath.Join(a.home, "config")})
	if text := stdout.String() + stderr.String(); strings.Contains(text, "rk_token_x") {
		a.t.Errorf("ration %s shows the token: %s", strings.Join(args, " "), text)
	}
	return invocation{code, stdout.String(), stderr.String()}
}

// at asks a server.
func (a asking) at(url string, args ...string) invocation {
	return a.run(a.t.Context(), "", append(args, "--server", url, "--token-file", a.token)...)
}

func answering(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

func refusing(status int, code, detail string, faults ...api.FieldError) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", api.ProblemContentType)
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(api.Problem{Status: status, Code: code, Detail: detail, Errors: faults})
	}
}

// TestErrorsOfServers: whatever is wrong between a command and a server, the command says
// which server it asked, what is wrong, what would be right, and whether something was
// changed; its exit code says who has to mend it.
func TestErrorsOfServers(t *testing.T) {
	page := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html>Log in"))
	}
	moved := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://elsewhere.example/?token=rk_token_x", http.StatusMovedPermanently)
	}
	gateway := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "bad gateway", http.StatusBadGateway) }
	cut := func(w http.ResponseWriter, _ *http.Request) {
		if connection, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = connection.Close()
		}
	}
	read, change := []string{"plans", "list"}, []string{"plans", "create", "p", "--limit", "1/day"}
	for _, row := range []struct {
		name   string
		answer http.HandlerFunc
		args   []string
		code   int
		want   []string
	}{
		{"a page", page, read, 4, []string{"not Ration's admin API (200 OK)", "admin_listen"}},
		{"a page that answers a change", page, change, 4, []string{"not Ration's admin API"}},
		{"a redirect", moved, read, 4, []string{"a redirect to https://elsewhere.example/;", "give its URL"}},
		{"a redirect of a change", moved, change, 4, []string{"a redirect to https://elsewhere.example/;"}},
		{"a proxy without a server", gateway, read, 4, []string{"502 Bad Gateway", "may be down"}},
		{"a proxy that lost a change", gateway, change, 9, []string{"502 Bad Gateway", "may or may not have been made"}},
		{"a connection that breaks", cut, read, 4, []string{"can't be reached", "nothing was changed"}},
		{"a change whose connection breaks", cut, change, 9, []string{"before the server had answered", "may or may not have been made"}},
		{"a token that nobody knows", refusing(401, "token_invalid", "The service token is not valid."), read, 8, []string{"expired", "ration tokens create"}},
		{"a token that lacks a scope", refusing(403, "token_lacks_scope", `The service token lacks the scope "keys".`), change, 8, []string{`lacks the scope "keys"`, "token_file", "--scope"}},
		{"a token that is narrowed", refusing(403, "token_narrowed", "The service token is narrowed to some owners."), change, 8, []string{"narrowed to some owners"}},
		{"a proxy in front of an API", refusing(401, "key_unknown", "The API key is not valid."), change, 4, []string{"a proxy in front of an API", "port 8082", "nothing was changed"}},
		{"a proxy that takes keys from its own header alone", refusing(401, "key_missing", "An API key is needed."), read, 4, []string{"a proxy in front of an API"}},
		{"an older server without the operation", refusing(404, "no_such_route", "There is nothing at this path."), read, 6, []string{"older than this command", "port 8082"}},
		{"an older server without a member", refusing(400, "invalid_body", "", api.FieldError{Pointer: "/limits", Detail: "unexpected property"}), change, 6, []string{"/limits", "older than this command", "nothing was changed"}},
		{"a server without its database", refusing(503, "store_unavailable", "No."), change, 4, []string{"no database at the moment", "nothing was changed"}},
		{"a server that lost its database", refusing(503, "outcome_unknown", "No."), change, 9, []string{"may or may not have been made"}},
		{"what the operation says", refusing(409, "exists", `Plan "p": already exists.`), change, 1, []string{`ration: plan "p": already exists`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			url := answering(t, row.answer)
			done := newAsking(t).at(url, row.args...)
			if done.code != row.code || done.stdout != "" || strings.Contains(done.stderr, "\n\n") {
				t.Errorf("exit code %d, want %d: %+v", done.code, row.code, done)
			}
			if row.code != 1 {
				row.want = append(row.want, "ration: "+url+": ")
			}
			for _, want := range row.want {
				if !strings.Contains(done.stderr, want) {
					t.Errorf("it says %q; want %q", done.stderr, want)
				}
			}
		})
	}
}

func TestServersOutOfReach(t *testing.T) {
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	roots := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o644); err != nil { //nolint:gosec // no secret
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(secure.Listener.Addr().String())
	plain := answering(t, http.NotFound)
	a := newAsking(t)
	change := []string{"plans", "create", "p", "--limit", "1/day"}
	for _, row := range []struct {
		name string
		done invocation
		code int
		want string
	}{
		{"nobody listens", a.at("http://127.0.0.1:1", change...), 4, "can't be reached: dial tcp 127.0.0.1:1: connect: connection refused; nothing was changed"},
		{"a certificate of an own authority", a.at(secure.URL, change...), 4, "name it with --ca-file; nothing was changed"},
		{"an authority that is trusted", a.at(secure.URL, append(change, "--ca-file", roots)...), 4, "not Ration's admin API (404 Not Found)"},
		{"a name that the certificate lacks", a.at("https://localhost:"+port, append(change, "--ca-file", roots)...), 4, "use a name that is in the server's certificate"},
		{"HTTPS to a server without", a.at(strings.Replace(plain, "http:", "https:", 1), change...), 4, "use http://"},
		{"HTTP to a server with TLS", a.at(strings.Replace(secure.URL, "https:", "http:", 1), change...), 4, "not Ration's admin API (400 Bad Request)"},
		{"HTTP to another machine", a.at("http://192.0.2.1:8082", change...), 3, "--server: server is \"http://192.0.2.1:8082\": the token would cross the network in plain text; use https://"},
		{"a URL without its scheme", a.at("ration.example.com:8082", change...), 3, `use "https://ration.example.com:8082"`},
		{"a password in the URL", a.at("https://u:hunter2@ration.example.com", change...), 3, "without user name and password"},
		{"a CA file that is none", a.at(secure.URL, append(change, "--ca-file", a.token)...), 3, "has no certificate in PEM form"},
		{"no token", a.run(t.Context(), "", append(change, "--server", plain)...), 3, "give the path of a file that holds one with --token-file or RATION_TOKEN_FILE"},
		{"a token in the place of its file", a.run(t.Context(), "", append(change, "--server", plain, "--token-file", "rk_token_"+strings.Repeat("x", 38))...), 3, "looks like a token itself"},
		{"a database too", a.at(plain, append(change, "--db", "sqlite:x.db")...), 3, "--server: contradicts --db"},
	} {
		if row.done.code != row.code || !strings.Contains(row.done.stderr, row.want) || strings.Contains(row.done.stderr, "hunter2") {
			t.Errorf("%s: %+v; want exit code %d and %q", row.name, row.done, row.code, row.want)
		}
	}
}

// TestTokenFilesOfOthers: a token that other users can read is refused, as other secrets
// are.
func TestTokenFilesOfOthers(t *testing.T) {
	a := newAsking(t)
	if err := os.Chmod(a.token, 0o644); err != nil { //nolint:gosec // what is refused
		t.Fatal(err)
	}
	if done := a.at("http://127.0.0.1:1", "plans", "list"); done.code != 3 || !strings.Contains(done.stderr, "run chmod 600 on it") {
		t.Errorf("%+v", done)
	}
}

// TestInterruptedChange: who ends a command while the server works is told that the change
// may have been made.
func TestInterruptedChange(t *testing.T) {
	for name, row := range map[string]struct {
		args []string
		code int
		want string
	}{
		"a change": {[]string{"keys", "create", "k"}, 9, "the command was interrupted before the server had answered; the change may or may not have been made"},
		"a read":   {[]string{"plans", "list"}, 1, "the command was interrupted; nothing was changed"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			url := answering(t, func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // or the server doesn't see that the client goes
				interrupt()
				<-r.Context().Done()
			})
			a := newAsking(t)
			done := a.run(ctx, "", append(row.args, "--server", url, "--token-file", a.token)...)
			if done.code != row.code || !strings.Contains(done.stderr, row.want) {
				t.Errorf("%+v; want exit code %d and %q", done, row.code, row.want)
			}
		})
	}
}

// TestCommandsThatNeedTheDatabase say where to run them.
func TestCommandsThatNeedTheDatabase(t *testing.T) {
	a := newAsking(t)
	for _, args := range [][]string{{"serve"}, {"migrate"}, {"backup", "x.db"}, {"restore", "x.db"}, {"copy", "--from", "sqlite:a.db", "--to", "env:X"}} {
		done := a.at("https://ration.example.com", args...)
		want := fmt.Sprintf("'ration %s' needs the database itself, and --server names the server https://ration.example.com; run it on that server's machine, or name a database with --db", args[0])
		if done.code != 2 || !strings.Contains(done.stderr, want) {
			t.Errorf("%s: %+v; want %q", args[0], done, want)
		}
	}
	for _, args := range [][]string{{"dev"}, {"health"}} {
		if done := a.at("https://ration.example.com", args...); done.code != 2 || !strings.Contains(done.stderr, "about this machine") {
			t.Errorf("%s: %+v", args[0], done)
		}
	}
}

package console_test

import (
	"bytes"
	"context"
	"html"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/console"
	"github.com/ration-dev/ration/internal/grant"
	"github.com/ration-dev/ration/rationadmin"
	"github.com/ration-dev/ration/sqlite"
)

// access lets in whoever has the code "good", with its scopes.
type access struct {
	operations *admin.Service
	scopes     []string
	owners     []string // that they are narrowed to
	plans      []string
	err        error // of every call; nil: none
	ended      bool
	audit      []rationadmin.AuditEntry // in place of the log; nil: the log
	job        *rationadmin.Job         // in place of any job; nil: there are those of the database
	session    uuid.UUID
	around     func(admin.Operations) admin.Operations // what a visitor has in place of operations; nil: themselves
	ask        string                                  // where people ask for a key
	askPage    bool
}

const session = "the session's secret"

func (a *access) LogIn(_ *http.Request, code ration.Secret) (ration.Secret, time.Time, error) {
	switch {
	case a.err != nil:
		return ration.Secret{}, time.Time{}, a.err
	case code.Reveal() != "good":
		return ration.Secret{}, time.Time{}, admin.ErrTokenInvalid
	}
	a.ended = false
	return ration.SecretFromText(url.QueryEscape(session)), time.Now().Add(time.Hour), nil
}

func (a *access) Visitor(_ *http.Request, secret ration.Secret) (console.Visitor, error) {
	switch {
	case a.err != nil:
		return console.Visitor{}, a.err
	case secret.Reveal() != url.QueryEscape(session) || a.ended:
		return console.Visitor{}, console.ErrNoSession
	}
	return console.Visitor{Name: "ada", Session: a.session, Scopes: a.scopes, Owners: a.owners, Plans: a.plans, Operations: a.granted(), Origin: rationadmin.Origin{From: "192.0.2.1"}}, nil
}

func (a *access) granted() admin.Operations {
	granted := grant.Of(admin.Token{Name: "ada", Scopes: a.scopes, Owners: a.owners, Plans: a.plans}).Operations(a.operations)
	if a.audit != nil {
		granted = otherAudit{granted, a.audit}
	}
	if a.job != nil {
		granted = otherJob{granted, a.job}
	}
	if a.around != nil {
		granted = a.around(granted)
	}
	return granted
}

// otherJob has another job.
type otherJob struct {
	admin.Operations
	job *rationadmin.Job
}

func (o otherJob) ShowJob(context.Context, uuid.UUID) (rationadmin.Job, error) { return *o.job, nil }

// otherAudit has another audit log.
type otherAudit struct {
	admin.Operations
	entries []rationadmin.AuditEntry
}

func (o otherAudit) ListAudit(context.Context, admin.AuditFilter) ([]rationadmin.AuditEntry, error) {
	return o.entries, nil
}

func (a *access) LogOut(*http.Request, ration.Secret) error {
	a.ended = true
	return a.err
}

// fixture is a console on an SQLite database, and a browser without scripts.
type fixture struct {
	t          *testing.T
	access     *access
	operations *admin.Service
	store      *sqlite.Store
	log        bytes.Buffer
	url        string
	browser    *http.Client
}

// empty is a database with its tables and nothing else: to copy it takes less than to make
// another one.
var empty = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "console")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "ration.db")
	store, err := sqlite.Open(context.Background(), sqlite.Config{Path: path})
	if err != nil {
		return nil, err
	}
	if err := store.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func newFixture(t *testing.T) *fixture {
	t.Helper()
	content, err := empty()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ration.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	f := &fixture{t: t, store: store, operations: admin.New(store, admin.Config{})}
	f.access = &access{operations: f.operations, scopes: []string{rationadmin.ScopeAdmin}}
	server := httptest.NewServer(console.New(console.Config{Access: f.access, RequestURL: func() (string, bool) { return f.access.ask, f.access.askPage }, Log: slog.New(slog.NewTextHandler(&f.log, nil))}))
	t.Cleanup(server.Close)
	f.url = server.URL
	f.newBrowser()
	return f
}

// newBrowser forgets all cookies.
func (f *fixture) newBrowser() {
	f.browser = &http.Client{Jar: newJar(), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// loopbackJar keeps cookies as browsers do for their own machine: also secure ones without
// TLS.
type loopbackJar struct{ *cookiejar.Jar }

func newJar() *loopbackJar {
	jar, _ := cookiejar.New(nil) // without options it can't fail
	return &loopbackJar{jar}
}

func (j *loopbackJar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	j.Jar.SetCookies(secure(u), cookies)
}
func (j *loopbackJar) Cookies(u *url.URL) []*http.Cookie { return j.Jar.Cookies(secure(u)) }

func secure(u *url.URL) *url.URL {
	changed := *u
	changed.Scheme = "https"
	return &changed
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

func (f *fixture) do(r *http.Request) answer {
	f.t.Helper()
	response, err := f.browser.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(body)}
}

func (f *fixture) get(path string) answer {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), "GET", f.url+path, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	return f.do(r)
}

// post sends a form, given as names and values in turns.
func (f *fixture) post(path string, fields ...string) answer {
	f.t.Helper()
	return f.do(f.form(path, fields...))
}

func (f *fixture) form(path string, fields ...string) *http.Request {
	f.t.Helper()
	values := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		values.Add(fields[i], fields[i+1])
	}
	r, err := http.NewRequestWithContext(f.t.Context(), "POST", f.url+path, bytes.NewBufferString(values.Encode()))
	if err != nil {
		f.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// logIn begins a session.
func (f *fixture) logIn() *fixture {
	f.t.Helper()
	if got := f.post("/login", "code", "good"); got.status != http.StatusSeeOther {
		f.t.Fatalf("login: %d %s", got.status, got.body)
	}
	return f
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

func unescape(text string) string { return html.UnescapeString(text) }

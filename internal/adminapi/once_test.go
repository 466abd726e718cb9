package adminapi_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/adminapi"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/grant"
	"github.com/ration-dev/ration/sqlite"
)

// office is the API on a file, for callers with tokens.
type office struct {
	*testing.T
	path  string
	store *sqlite.Store
	url   string
	close func()
}

func newOffice(t *testing.T) *office {
	o := &office{T: t, path: filepath.Join(t.TempDir(), "ration.db"), close: func() {}}
	o.start()
	t.Cleanup(func() { o.close() })
	return o
}

// start serves the file, after whatever has served it before.
func (o *office) start() {
	o.Helper()
	o.close()
	store, err := sqlite.Open(o.Context(), sqlite.Config{Path: o.path})
	if err != nil {
		o.Fatal(err)
	}
	service := admin.New(store, admin.Config{})
	callers := bearer.New(admin.NewTokenChecker(store, admin.Config{}))
	server := httptest.NewServer(adminapi.New(adminapi.Config{Authenticate: func(r *http.Request, scope string) (adminapi.Caller, error) {
		if r.Header.Get("Authorization") == "" {
			return adminapi.Caller{Actor: "somebody", Operations: service, Local: true}, nil
		}
		token, err := callers.Authorize(r, scope)
		return adminapi.Caller{Actor: "token:" + token.Name, Operations: grant.Of(token).Operations(service), Secret: bearer.SecretOf(r)}, err
	}}))
	o.store, o.url = store, server.URL
	o.close = func() {
		server.Close()
		if err := store.Close(); err != nil {
			o.Error(err)
		}
	}
}

// token makes a service token of scope admin and returns its secret.
func (o *office) token(name string) string {
	o.Helper()
	issued, err := admin.New(o.store, admin.Config{}).CreateToken(o.Context(), "test", admin.NewToken{Name: name, Scopes: []string{admin.ScopeAdmin}})
	if err != nil {
		o.Fatal(err)
	}
	return issued.Secret.Reveal()
}

// reply is an answer, as far as it is to be the same again.
type reply struct {
	status                         int
	body, location, etag, replayed string
}

// post sends a request with fields of the header; an empty token sends none.
func (o *office) post(path, body, token string, idempotencyKeys ...string) reply {
	o.Helper()
	r, err := http.NewRequestWithContext(o.Context(), http.MethodPost, o.url+"/v1/admin"+path, strings.NewReader(body))
	if err != nil {
		o.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.Header["Idempotency-Key"] = idempotencyKeys
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		o.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		o.Fatal(err)
	}
	return reply{response.StatusCode, string(text), response.Header.Get("Location"), response.Header.Get("ETag"), response.Header.Get("Idempotent-Replayed")}
}

// wantAgain fails unless an answer is that of before.
func (o *office) wantAgain(doing string, first, again reply) {
	o.Helper()
	if first.status >= 300 || first.replayed != "" {
		o.Fatalf("%s: %+v", doing, first)
	}
	first.replayed = "true"
	if again != first {
		o.Errorf("%s again:\n%+v\nwant\n%+v", doing, again, first)
	}
}

// repeatable are the operations that are done once for one idempotency key. {id} is a key.
var repeatable = []struct{ name, path, body string }{
	{"createKey", "/keys", `{"name":"Ada","owner":"ada@example.com","scopes":["a","b"],"limits":[{"limit":"5/day"}],"metadata":{"a":"1"}}`},
	{"createPlan", "/plans", `{"name":"pro","limits":["5/day","10/second burst 20"]}`},
	{"startJob", "/jobs", `{"change_keys":{"all":true,"action":"disable"}}`},
	{"createToken", "/tokens", `{"name":"sign-up","scopes":["keys"],"owners":["acme"]}`},
	{"rotateKey", "/keys/{id}/rotate", `{"overlap":3600}`},
	{"addSecret", "/keys/{id}/secrets", `{"label":"phone"}`},
	{"createKey with a link", "/keys", `{"name":"Ada","pickup":true}`},
	{"createPickupLink", "/keys/{id}/pickup-links", `{"label":"laptop"}`},
	{"resetKey", "/keys/{id}/reset", `{"reason":"ticket 815"}`},
}

func (o *office) key(token string) (id string) {
	o.Helper()
	created := o.post("/keys", `{"name":"first","limits":[{"limit":"5/day"}]}`, token)
	return strings.TrimPrefix(created.location, "/v1/admin/keys/")
}

// audited counts the entries of the audit log.
func (o *office) audited() int {
	o.Helper()
	entries, err := o.store.ListAudit(o.Context(), admin.AuditFilter{})
	if err != nil {
		o.Fatal(err)
	}
	return len(entries)
}

func TestARepeatedRequestGetsTheSameAnswer(t *testing.T) {
	o := newOffice(t)
	token := o.token("first")
	id := o.key(token)
	firsts := make(map[string]reply)
	for _, op := range repeatable {
		path := strings.ReplaceAll(op.path, "{id}", id)
		before := o.audited()
		firsts[op.name] = o.post(path, op.body, token, `"`+op.name+`"`)
		o.wantAgain(op.name, firsts[op.name], o.post(path, op.body, token, op.name))
		if made := o.audited() - before; made != 1 {
			t.Errorf("%s was done %d times", op.name, made)
		}
	}
	o.start() // another process has nothing but the file
	for _, op := range repeatable {
		o.wantAgain(op.name+" after a restart", firsts[op.name], o.post(strings.ReplaceAll(op.path, "{id}", id), op.body, token, op.name))
	}
	first := firsts["createKey"]
	o.wantAgain("createKey, written in another way", first, o.post("/keys",
		` {"metadata":{"a":"1"}, "limits":[{"limit":"5/day"}], "scopes":["a","b"], "owner":"ada@example.com", "name":"\u0041da"}`, token, "createKey"))
}

func TestRequestsAreKeptApart(t *testing.T) {
	o := newOffice(t)
	token, other := o.token("first"), o.token("other")
	body := `{"name":"Ada"}`
	first := o.post("/keys", body, token, "7")
	if again := o.post("/keys", body, other, "7"); again.status != http.StatusCreated || again.replayed != "" || again.body == first.body {
		t.Errorf("of another token: %+v", again)
	}
	if again := o.post("/keys", body, token, "8"); again.status != http.StatusCreated || again.replayed != "" || again.body == first.body {
		t.Errorf("with another key: %+v", again)
	}
	before := o.audited()
	id := strings.TrimPrefix(first.location, "/v1/admin/keys/")
	for name, again := range map[string]reply{
		"another value":          o.post("/keys", `{"name":"Eve"}`, token, "7"),
		"one member more":        o.post("/keys", `{"name":"Ada","owner":"x"}`, token, "7"),
		"another operation":      o.post("/plans", body, token, "7"),
		"an operation on a key":  o.post("/keys/"+id+"/rotate", `{}`, token, "7"),
		"a list in other orders": o.post("/keys", `{"name":"Ada","scopes":["b","a"]}`, token, "7"),
	} {
		if again.status != http.StatusUnprocessableEntity || !strings.Contains(again.body, `"idempotency_mismatch"`) {
			t.Errorf("%s: %+v, want 422 idempotency_mismatch", name, again)
		}
	}
	if made := o.audited() - before; made != 0 {
		t.Errorf("%d changes were made", made)
	}
	o.wantAgain("the first", first, o.post("/keys", body, token, "7"))
}

func TestIdempotencyKeysThatAreNone(t *testing.T) {
	o := newOffice(t)
	token := o.token("first")
	random := "8e03978e-40d5-43e8-bc93-6894a57f9324"
	for _, row := range []struct {
		name, token string
		keys        []string
		status      int
	}{
		{"two", token, []string{"7", "8"}, 400},
		{"empty", token, []string{""}, 400},
		{"too long", token, []string{strings.Repeat("a", 256)}, 400},
		{"a lost quote", token, []string{`"7`}, 400},
		{"the longest", token, []string{strings.Repeat("a", 255)}, 201},
		{"one that can be guessed, without a token", "", []string{"7"}, 400},
		{"a random one, without a token", "", []string{random}, 201},
	} {
		before := o.audited()
		got := o.post("/keys", `{"name":"Ada"}`, row.token, row.keys...)
		if got.status != row.status || row.status == 400 && (!strings.Contains(got.body, `"invalid_idempotency_key"`) || o.audited() != before) {
			t.Errorf("%s: %+v, want %d", row.name, got, row.status)
		}
		if got.status == http.StatusCreated {
			o.wantAgain(row.name, got, o.post("/keys", `{"name":"Ada"}`, row.token, row.keys...))
		}
	}
}

func TestARevokedTokenGetsNoAnswerAgain(t *testing.T) {
	o := newOffice(t)
	token := o.token("first")
	if first := o.post("/keys", `{"name":"Ada"}`, token, "7"); first.status != http.StatusCreated {
		t.Fatal(first)
	}
	if _, err := admin.New(o.store, admin.Config{}).RevokeToken(t.Context(), "test", "first"); err != nil {
		t.Fatal(err)
	}
	if again := o.post("/keys", `{"name":"Ada"}`, token, "7"); again.status != http.StatusUnauthorized {
		t.Errorf("with the revoked token: %+v", again)
	}
}

// Whoever has the database's files has no secret, and can't find out what was asked for.
func TestNothingOfAnAnswerLiesOpenInTheDatabase(t *testing.T) {
	o := newOffice(t)
	token := o.token("first")
	id := o.key(token)
	var hidden []string
	for _, op := range repeatable {
		answer := o.post(strings.ReplaceAll(op.path, "{id}", id), op.body, token, "idempotent-"+op.name)
		if _, rest, has := strings.Cut(answer.body, `"secret":"`); has {
			secret, _, _ := strings.Cut(rest, `"`)
			hidden = append(hidden, secret)
		}
	}
	if len(hidden) != 4 {
		t.Fatalf("%d of the answers have a secret, want 4", len(hidden))
	}
	hidden = append(hidden, token, "idempotent-")
	o.close()
	o.close = func() {}
	read := 0
	err := filepath.WalkDir(filepath.Dir(o.path), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		read += len(text)
		for _, secret := range hidden {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("%s contains %s", path, secret)
			}
		}
		return err
	})
	if err != nil || read == 0 {
		t.Fatalf("%d bytes were read, %v", read, err)
	}
}

func TestOfEqualRequestsAtOnceOneIsDone(t *testing.T) {
	o := newOffice(t)
	token := o.token("first")
	before := o.audited()
	answers := make([]reply, 8)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = o.post("/keys", `{"name":"Ada"}`, token, "7") })
	}
	all.Wait()
	first := 0
	for _, answer := range answers {
		if answer.status != http.StatusCreated || answer.body != answers[0].body {
			t.Errorf("answer %+v, want %+v", answer, answers[0])
		}
		if answer.replayed == "" {
			first++
		}
	}
	if made := o.audited() - before; made != 1 || first != 1 {
		t.Errorf("%d keys were made, and %d answers say that they are the first; want 1", made, first)
	}
}

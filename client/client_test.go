package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/client"
)

// server answers each request with the next of some answers, and with the last for ever.
func server(t *testing.T, answers ...http.HandlerFunc) (url string, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(asked.Add(1))
		answers[min(n, len(answers))-1](w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

func problem(status int, code string, retryAfter string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", api.ProblemContentType)
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(api.Problem{Status: status, Code: code, Detail: "Something is wrong."})
	}
}

func success(answer any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	}
}

// broken ends the connection instead of answering.
func broken(w http.ResponseWriter, _ *http.Request) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = connection.Close()
	}
}

func admin(t *testing.T, url string) *client.Admin {
	t.Helper()
	a, err := client.NewAdmin(client.Config{URL: url, Token: "rk_token_x"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestRefusalsHaveTheirCode(t *testing.T) {
	for code, want := range map[string]error{"not_found": client.ErrNotFound, "exists": client.ErrExists, "conflict": client.ErrConflict, "changed": client.ErrChanged} {
		url, asked := server(t, problem(409, code, ""))
		_, err := admin(t, url).CreateKey(t.Context(), api.NewKey{Name: "a"})
		refused, ok := errors.AsType[*client.Error](err)
		if !ok || !errors.Is(err, want) || errors.Is(err, client.ErrUnavailable) || refused.Code() != code || refused.Status != 409 || asked.Load() != 1 {
			t.Errorf("%s: %v after %d requests", code, err, asked.Load())
		}
	}
}

func TestWhatIsNoProblemIsARefusalToo(t *testing.T) {
	url, _ := server(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusTeapot) })
	_, _, err := admin(t, url).ShowKey(t.Context(), "key_x")
	refused, ok := errors.AsType[*client.Error](err)
	if !ok || refused.Code() != "" || refused.Status != http.StatusTeapot || errors.Is(err, client.ErrNotFound) || !strings.Contains(err.Error(), "418") {
		t.Errorf("%v", err)
	}
}

// A call is sent again only where that can't do anything twice.
func TestRetries(t *testing.T) {
	list := func(ctx context.Context, a *client.Admin) error {
		_, err := a.ListPlans(ctx, client.NameQuery{})
		return err
	}
	create := func(ctx context.Context, a *client.Admin) error {
		_, err := a.CreateKey(ctx, api.NewKey{Name: "a"})
		return err
	}
	disable := func(ctx context.Context, a *client.Admin) error { _, err := a.DisableKey(ctx, "key_1"); return err }
	for _, row := range []struct {
		name  string
		first http.HandlerFunc
		do    func(context.Context, *client.Admin) error
		asked int32
		want  error // nil: it passes in the end
	}{
		{"a read without an answer", broken, list, 2, nil},
		{"a read while the store is away", problem(503, "store_unavailable", "0"), list, 2, nil},
		{"a read through a proxy that fails", problem(502, "", ""), list, 2, nil},
		{"a change without an answer", broken, disable, 1, client.ErrOutcomeUnknown},
		{"a change while the store is away", problem(503, "store_unavailable", "0"), disable, 2, nil},
		{"a change whose outcome is unknown", problem(503, "outcome_unknown", ""), disable, 1, &client.Error{Problem: api.Problem{Code: "outcome_unknown"}}},
		{"a change through a proxy that fails", problem(502, "", ""), disable, 1, nil},
		{"a creation without an answer", broken, create, 2, nil},
		{"a creation whose outcome is unknown", problem(503, "outcome_unknown", ""), create, 2, nil},
		{"a creation that is still running", problem(409, "idempotency_key_in_use", "0"), create, 2, nil},
		{"a creation through a proxy that fails", problem(502, "", ""), create, 2, nil},
		{"a creation that is refused", problem(409, "exists", ""), create, 1, client.ErrExists},
	} {
		t.Run(row.name, func(t *testing.T) {
			url, asked := server(t, row.first, success(map[string]any{}))
			err := row.do(t.Context(), admin(t, url))
			if asked.Load() != row.asked || row.want != nil && !errors.Is(err, row.want) || row.want == nil && row.asked == 2 && err != nil {
				t.Errorf("%d requests, %v; want %d, %v", asked.Load(), err, row.asked, row.want)
			}
		})
	}
}

// A creation has one idempotency key, however often it is sent, and each has its own.
func TestCreationsAreKeptApart(t *testing.T) {
	var keys []string
	note := func(answer http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			keys = append(keys, r.Header.Get("Idempotency-Key"))
			answer(w, r)
		}
	}
	url, _ := server(t, note(broken), note(problem(503, "outcome_unknown", "0")), note(success(map[string]any{})))
	a := admin(t, url)
	for range 2 {
		if _, err := a.CreateKey(t.Context(), api.NewKey{Name: "a"}); err != nil {
			t.Fatal(err)
		}
	}
	if len(keys) != 4 || keys[0] != keys[1] || keys[1] != keys[2] || keys[2] == keys[3] || len(keys[3]) < 26 {
		t.Errorf("idempotency keys %q; want one for the first creation, and another for the second", keys)
	}
}

func TestRetriesEnd(t *testing.T) {
	url, asked := server(t, problem(503, "store_unavailable", ""))
	if _, err := admin(t, url).ListPlans(t.Context(), client.NameQuery{}); err == nil || asked.Load() != 3 {
		t.Errorf("%d requests, %v; want 3 and an error", asked.Load(), err)
	}
	never, err := client.NewAdmin(client.Config{URL: url, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := never.ListPlans(t.Context(), client.NameQuery{}); err == nil || asked.Load() != 4 {
		t.Errorf("%d requests, %v; want one more and an error", asked.Load(), err)
	}
}

func TestAServerThatIsNotThere(t *testing.T) {
	s := httptest.NewServer(nil)
	url := s.URL
	s.Close()
	_, err := admin(t, url).CreateKey(t.Context(), api.NewKey{Name: "a"})
	if !errors.Is(err, client.ErrUnavailable) || errors.Is(err, client.ErrOutcomeUnknown) {
		t.Errorf("%v; want that nothing was done", err)
	}
}

func TestDecisionsAreRepeatedOnlyWithAnIdempotencyKey(t *testing.T) {
	for key, want := range map[string]int32{"": 1, "a-key": 2} {
		url, asked := server(t, broken, success(api.VerifyResponse{Allowed: true, Code: "ok"}))
		v, err := client.NewVerifier(client.Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		answer, err := v.Verify(t.Context(), api.VerifyRequest{Secret: "rk_x"}, key)
		if asked.Load() != want || answer.Allowed != (want == 2) || want == 1 && !errors.Is(err, client.ErrOutcomeUnknown) {
			t.Errorf("with the key %q: %d requests, %+v, %v", key, asked.Load(), answer, err)
		}
	}
}

func TestKeysComePageByPage(t *testing.T) {
	var cursors []string
	url, _ := server(t, func(w http.ResponseWriter, r *http.Request) {
		n := len(cursors)
		cursors = append(cursors, r.URL.Query().Get("cursor"))
		page := api.Page[api.KeyRecord]{Items: []api.KeyRecord{{Name: fmt.Sprint(2 * n)}, {Name: fmt.Sprint(2*n + 1)}}}
		if n < 2 {
			page.NextCursor = new(fmt.Sprint("after ", n))
		}
		success(page)(w, r)
	})
	var names []string
	for key, err := range admin(t, url).Keys(t.Context(), client.KeyQuery{PageSize: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, key.Name)
	}
	if !slices.Equal(names, []string{"0", "1", "2", "3", "4", "5"}) || !slices.Equal(cursors, []string{"", "after 0", "after 1"}) {
		t.Errorf("keys %v by the cursors %q", names, cursors)
	}
}

// A page may have no keys and not be the last.
func TestKeysGoOnAfterAnEmptyPage(t *testing.T) {
	url, asked := server(t,
		success(api.Page[api.KeyRecord]{NextCursor: new("a")}), success(api.Page[api.KeyRecord]{Items: []api.KeyRecord{{Name: "one"}}, NextCursor: new("b")}),
		success(api.Page[api.KeyRecord]{NextCursor: new("c")}), success(api.Page[api.KeyRecord]{}))
	var names []string
	for key, err := range admin(t, url).Keys(t.Context(), client.KeyQuery{Search: "one", Sort: "-name"}) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, key.Name)
	}
	if !slices.Equal(names, []string{"one"}) || asked.Load() != 4 {
		t.Errorf("keys %v by %d requests", names, asked.Load())
	}
}

func TestTokensAreNotShown(t *testing.T) {
	config := client.Config{URL: "http://127.0.0.1:1", Token: "rk_token_x"}
	text, err := json.Marshal(config.Token)
	for _, shown := range []string{fmt.Sprint(config), fmt.Sprintf("%+v %#v", config, config), string(text)} {
		if err != nil || strings.Contains(shown, "rk_token_x") {
			t.Errorf("%s, %v", shown, err)
		}
	}
}

func TestURLsThatAreNone(t *testing.T) {
	for _, url := range []string{"", "127.0.0.1:8082", "ftp://a", "http://", "http://u:p@a", "http://a?b=c", "://"} {
		if _, err := client.NewAdmin(client.Config{URL: url}); err == nil || strings.Contains(err.Error(), "u:p") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

package cli_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestCompletionWithServer asks a server for choices, and is silent if that fails.
func TestCompletionWithServer(t *testing.T) {
	a := newAsking(t)
	url := answering(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"items": [{"name": "free", "limits": []}], "next_cursor": null}`))
	})
	refusing := answering(t, refusing(401, "token_invalid", "The service token is not valid."))
	a.run(t.Context(), "", "config", "profiles", "add", "far", "--server", url, "--token-file", a.token)
	for _, row := range []struct {
		args []string
		want string // the first choice; empty: none
	}{
		{[]string{"plans", "show", "--server", url, "--token-file", a.token, "f"}, "free"},
		{[]string{"plans", "show", "--profile", "far", "f"}, "free"},
		{[]string{"plans", "list", "--profile", ""}, "far"},
		{[]string{"config", "profiles", "use", ""}, "far"},
		{[]string{"tokens", "create", "x", "--scope", "k"}, "keys"},
		{[]string{"plans", "show", "--server", refusing, "--token-file", a.token, ""}, ""},
		{[]string{"plans", "show", "--server", "http://127.0.0.1:1", "--token-file", a.token, ""}, ""},
		{[]string{"plans", "show", "--profile", "none", ""}, ""},
	} {
		done := a.run(t.Context(), "", append([]string{"__completeNoDesc"}, row.args...)...)
		first, _, _ := strings.Cut(done.stdout, "\n")
		if strings.HasPrefix(first, ":") {
			first = ""
		}
		if done.code != 0 || first != row.want || strings.Contains(done.stderr, "401") {
			t.Errorf("%q: %+v; want %q", row.args, done, row.want)
		}
	}
}

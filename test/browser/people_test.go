package browser_test

import (
	"net/http"

	"github.com/ration-dev/ration/test/harness"
)

// logIn pastes a token or a code into the page for login.
func (b *tab) logIn(r *rig, code string) {
	b.t.Helper()
	b.open(r.adminURL + "/")
	b.logInHere(code)
	b.awaitText("h1", "Overview")
}

// logInHere is logIn on the page that is open.
func (b *tab) logInHere(code string) {
	b.t.Helper()
	b.fill("#code", code)
	b.follow("button", "Log in")
}

// showUsage asks what a key has used, on the page for its holder.
func (b *tab) showUsage(secret string) {
	b.t.Helper()
	b.fill("#secret", secret)
	b.click("#show-usage", "")
	b.awaitSeen("#key-name", "")
}

// replaceKey replaces the secret whose usage is shown, and returns the new one.
func (b *tab) replaceKey() (renewed string) {
	b.t.Helper()
	b.click("#rotate-confirm", "")
	b.click("#rotate-button", "")
	b.awaitSeen("#rotated-title", "")
	return get[string](b, `() => document.getElementById("new-secret").value`)
}

// wantCalls sends requests and wants these outcomes.
func (r *rig) wantCalls(secret string, want ...harness.Outcome) {
	r.t.Helper()
	for n, outcome := range want {
		if got := r.call(secret); got != outcome {
			r.t.Errorf("request %d of %d: got outcome %d, want %d", n+1, len(want), got, outcome)
		}
	}
}

// wantStatus sends a request and wants its status.
func (r *rig) wantStatus(secret string, want int) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.ProxyURL+"/", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("X-API-Key", secret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != want {
		r.t.Errorf("the request got %d, want %d", response.StatusCode, want)
	}
}

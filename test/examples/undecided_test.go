package examples_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// say answers with a status and a body.
func say(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// allowed is an answer that lets a request through, but for what is around it.
const allowed = `{"allowed": true, "code": "ok", "key": {"owner": "ada"}, "response": {"status": 200, "headers": {}, "body": ""}}`

// noDecisions are answers after which nothing may be let through, and nothing be
// asked again.
var noDecisions = []struct {
	name    string
	instead http.HandlerFunc
}{
	{"broken server", say(http.StatusInternalServerError, allowed)},
	{"store unavailable", say(http.StatusServiceUnavailable, allowed)},
	{"token refused", say(http.StatusUnauthorized, allowed)},
	{"another success", say(http.StatusAccepted, allowed)},
	{"sent elsewhere", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}},
	{"no JSON", say(http.StatusOK, "allowed")},
	{"empty body", say(http.StatusOK, "")},
	{"a list", say(http.StatusOK, "[]")},
	{"nothing", say(http.StatusOK, "null")},
	{"no members", say(http.StatusOK, "{}")},
	{"allowed by a text", say(http.StatusOK, strings.Replace(allowed, "true", `"false"`, 1))},
	{"allowed by a number", say(http.StatusOK, strings.Replace(allowed, "true", "1", 1))},
	{"allowed without a response", say(http.StatusOK, `{"allowed": true}`)},
	{"denied without a response", say(http.StatusOK, `{"allowed": false}`)},
	{"half an answer", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte(allowed))
		panic(http.ErrAbortHandler)
	}},
	{"connection broken", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
	{"no answer", func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else the server does not notice that the app has gone
		<-r.Context().Done()
	}},
}

func TestRecipesLetNothingThroughWithoutADecision(t *testing.T) {
	for _, recipe := range recipes {
		t.Run(recipe.name, func(t *testing.T) {
			t.Parallel()
			l := recipe.lay(t, "4/day")
			l.wantAllowed("/ask", 3, "42")
			for _, row := range noDecisions {
				t.Run(row.name, func(t *testing.T) {
					l.t = t
					l.gate.answerWith(row.instead)
					l.wantUndecided(l.get("/ask", l.key.Secret))
					if calls, _, _ := l.gate.seen(); calls != 1 {
						t.Errorf("Ration was asked %d times, want once: the charge may have been counted", calls)
					}
				})
			}
			l.t = t
			l.gate.answerWith(nil)
			l.wantAllowed("/ask", 2, "42")
			l.wantUsed(2)
			l.wantNothingTold()
		})
	}
}

func TestRecipesOutliveRation(t *testing.T) {
	for _, recipe := range recipes {
		t.Run(recipe.name, func(t *testing.T) {
			t.Parallel()
			l := recipe.lay(t, "100/day")
			l.wantAllowed("/ask", 99, "42")

			l.gate.close()
			l.ration.Kill()
			l.wantUndecided(l.get("/ask", l.key.Secret))
			l.wantUndecided(l.get("/v1/usage", l.key.Secret))
			if got := l.get("/health", ""); got.status != http.StatusOK {
				t.Errorf("while Ration is down a free page has status %d", got.status)
			}

			l.ration.Start()
			l.ration.AwaitReady()
			l.gate.open()
			l.wantAllowed("/ask", 98, "42")
			l.wantRetry()
			l.wantUsed(3)
			l.wantNothingTold()
		})
	}
}

// wantRetry wants one call to succeed of which the first connection was refused.
// The pause before the second is short, so a busy machine may need several calls.
func (l *table) wantRetry() {
	l.t.Helper()
	retrying := regexp.MustCompile("trying again")
	for range 50 {
		before := len(retrying.FindAllString(l.output.String(), -1))
		l.gate.close()
		got := l.inBackground("/ask")
		l.output.await(l.t, retrying, before+1)
		l.gate.open()
		if answer := <-got; answer.status == http.StatusOK {
			return
		}
	}
	l.t.Error("no call survived a refused connection")
}

// TestRecipesKeepAMistypedTokenToThemselves starts them with a token that no
// header can hold: clients' libraries quote it in their errors.
func TestRecipesKeepAMistypedTokenToThemselves(t *testing.T) {
	const token = "rt_secret\nof-two-lines"
	server := httptest.NewServer(say(http.StatusOK, allowed))
	t.Cleanup(server.Close)
	for _, recipe := range recipes {
		t.Run(recipe.name, func(t *testing.T) {
			t.Parallel()
			a := recipe.start(t, server.URL, token)
			a.wantUndecided(a.get("/ask", "rk_secret"))
			for _, text := range []string{"rt_secret", "of-two-lines", "rk_secret"} {
				if strings.Contains(a.output.String(), text) {
					t.Errorf("the app printed %q", text)
				}
			}
		})
	}
}

package verify_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/verify"
)

// countedTokens counts what is read, and knows what fakeTokens does.
type countedTokens struct {
	fakeTokens
	reads   atomic.Int64
	revoked atomic.Bool
}

func (c *countedTokens) Check(ctx context.Context, token ration.Secret, scope string) (admin.Token, error) {
	c.reads.Add(1)
	if c.revoked.Load() {
		return admin.Token{}, admin.ErrTokenInvalid
	}
	return c.fakeTokens.Check(ctx, token, scope)
}

// callFrom sends a question from a peer with a token, and returns the answer.
func callFrom(h http.Handler, peer, token string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", verify.Path, strings.NewReader(`{"secret":"k1"}`))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	r.RemoteAddr = peer + ":4711"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestGuessingTokensCostsTheDatabaseNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &countedTokens{}
		charger := &safeCharger{}
		h := verify.NewHandler(verify.Config{Charger: charger, Callers: bearer.New(tokens)})
		if w := callFrom(h, "203.0.113.7", "good"); w.Code != 200 {
			t.Fatalf("got %d %s", w.Code, w.Body)
		}
		var unchecked atomic.Int64
		var group sync.WaitGroup
		for caller := range 20 {
			group.Go(func() {
				for i := range 100 {
					w := callFrom(h, "203.0.113.7", fmt.Sprintf("guess-%d-%d", caller, i))
					switch {
					case w.Code == 429 && w.Header().Get("Retry-After") == "1" && strings.Contains(w.Body.String(), `"code":"token_unchecked"`):
						unchecked.Add(1)
					case w.Code != 401:
						t.Errorf("a guess got %d %s", w.Code, w.Body)
					}
				}
			})
		}
		group.Wait()
		if unchecked.Load() != 2000-20 || tokens.reads.Load() != 21 {
			t.Errorf("%d unchecked, %d reads", unchecked.Load(), tokens.reads.Load())
		}
		for _, row := range []struct {
			name, peer, token string
			want              int
		}{
			{"a token that was good before", "203.0.113.7", "good", 200},
			{"one that was not seen yet", "203.0.113.7", "read-only", 429},
			{"the same from elsewhere", "203.0.113.8", "read-only", 403},
			{"and then from here", "203.0.113.7", "read-only", 403},
		} {
			if w := callFrom(h, row.peer, row.token); w.Code != row.want {
				t.Errorf("%s got %d, want %d: %s", row.name, w.Code, row.want, w.Body)
			}
		}
		tokens.revoked.Store(true)
		if w := callFrom(h, "203.0.113.7", "good"); w.Code != 401 {
			t.Errorf("a token that was revoked since got %d", w.Code)
		}
		time.Sleep(time.Second)
		if w := callFrom(h, "203.0.113.7", "guess"); w.Code != 401 {
			t.Errorf("a second later a token is not read: %d", w.Code)
		}
	})
}

// safeCharger admits everything.
type safeCharger struct{}

func (*safeCharger) Charge(context.Context, ration.Charge) (ration.Decision, error) {
	return ration.Decision{Code: ration.CodeOK, KeyID: ration.KeyID{1}}, nil
}

func TestKeyThatWasNotCheckedIsADecision(t *testing.T) {
	w := post(&fakeCharger{decision: ration.Decision{Code: ration.CodeKeyUnchecked, RetryAfter: 1500 * time.Millisecond}}, `{"secret":"k1"}`)
	body := w.Body.String()
	for _, want := range []string{`"allowed":false`, `"code":"key_unchecked"`, `"key":null`, `"retry_after":2`, `"status":429`, `"Retry-After":"2"`} {
		if w.Code != 200 || !strings.Contains(body, want) {
			t.Errorf("got %d %s, want %s in it", w.Code, body, want)
		}
	}
}

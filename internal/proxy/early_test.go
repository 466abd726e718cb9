package proxy_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/route"
)

// TestAnAnswerThatComesBeforeTheBodyWasReadIsWhole is for net/http's habit of
// taking what is left of a request's body away before an answer begins, from the
// transport that is still sending it to the upstream.
func TestAnAnswerThatComesBeforeTheBodyWasReadIsWhole(t *testing.T) {
	const pieces = 200
	piece := strings.Repeat("x", 1<<10)
	u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
		for range pieces {
			_, _ = io.WriteString(w, piece)
			_ = http.NewResponseController(w).Flush()
		}
	})
	f := newFixture(t, u.URL, route.Config{})
	for _, size := range []int{1, 100, 10_000, 200_000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			for range 25 {
				response := f.do(t, "POST", "/", strings.NewReader(strings.Repeat("b", size)), "X-API-Key: "+canary)
				if body, err := io.ReadAll(response.Body); err != nil || len(body) != pieces*len(piece) {
					t.Fatalf("got %d bytes, %v; logged %s", len(body), err, f.log)
				}
			}
		})
	}
}

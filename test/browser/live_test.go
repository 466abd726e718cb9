package browser_test

import (
	"testing"

	"github.com/ration-dev/ration/test/harness"
)

// drawing is a function of JavaScript that returns what the overview's chart shows.
const drawing = `() => document.querySelector("[aria-labelledby=traffic] canvas")?.toDataURL()`

// TestTheOverviewMoves leaves the page open while requests come.
func TestTheOverviewMoves(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	key := r.newKey("Ada", "--limit", "2/lifetime")
	b := newTab(t, r.adminURL)
	b.prefer("light")
	b.enter(r, r.beginSession(r.newToken("console", "admin")))
	b.open(r.adminURL + "/")
	b.awaitText("#admitted-today", "0")
	wantSame := b.stays()

	r.wantCalls(key.Secret, harness.Admitted)
	b.awaitText("#admitted-today", "1")
	first := await[string](b, "a chart", drawing)

	r.wantCalls(key.Secret, harness.Admitted, harness.Denied)
	b.awaitText("#refused-today", "1")
	b.awaitText("#admitted-today", "2")
	await[bool](b, "a chart with more on it", `(first) => { const now = (`+drawing+`)(); return now !== undefined && now !== first; }`, first)
	wantSame()
}

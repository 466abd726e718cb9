package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func whatRemainsIsThreeClicksAway(b *tab, s *site) {
	s.open(b, "/")
	clicks := 0
	click := func(selector, text string) {
		clicks++
		b.follow(selector, text)
	}
	click("nav a", "Keys")
	click("main a", "Ada")
	b.awaitText("[data-limit]", "100,000")
	if clicks > 3 {
		b.t.Errorf("what remains took %d clicks", clicks)
	}
}

func timesAreInTheChosenZone(b *tab, s *site) {
	s.open(b, "/")
	b.follow("nav a", "Keys")
	b.follow("main a", "Ada") // whose plan is in Berlin
	times := map[string]string{}
	for _, zone := range []string{"utc", "key", "utc"} {
		b.click("[data-switch=zone] label:has([value="+zone+"])", "")
		times[zone] = await[string](b, "the times in another zone", `(zone) => localStorage.getItem("zone") === zone && [...document.querySelectorAll("[aria-labelledby=limits] tbody time")].pop().textContent`, zone)
	}
	if !strings.HasSuffix(times["utc"], "UTC") || times["key"] == times["utc"] || strings.HasSuffix(times["key"], "UTC") {
		b.t.Errorf("got %v, want the limit's reset in Berlin and in UTC", times)
	}
	b.open(s.adminURL + "/keys/" + s.key.ID)
	if chosen := get[bool](b, `() => document.querySelector("[name=zone][value=utc]").checked`); !chosen {
		b.t.Error("another page has forgotten the zone")
	}
	b.click("[data-switch=theme] label", "dark")
	if look := get[string](b, `() => getComputedStyle(document.documentElement).colorScheme`); look != "dark" {
		b.t.Errorf("after choosing the dark look the page is %q", look)
	}
}

func searchIsInTheAddress(b *tab, s *site) {
	s.open(b, "/keys")
	b.fill("#q", "Grac")
	await[bool](b, "the one key that matches", `() => document.querySelectorAll("#live tbody tr").length === 1 && location.search.includes("q=Grac")`)
	b.choose("#status", "disabled")
	await[bool](b, "no key", `() => !document.querySelector("#live tbody tr") && location.search.includes("status=disabled")`)
	b.open(get[string](b, `() => location.href`))
	if got := get[string](b, `() => document.querySelector("#q").value + document.querySelector("#status").value`); got != "Gracdisabled" {
		b.t.Errorf("the page at that address has the filters %q", got)
	}
}

// TestTheWatchSees proves that a tab notices what the tests of pages rely on.
func TestTheWatchSees(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(elsewhere.Close)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "script-src 'self'")
		w.Header().Set("Content-Type", "text/html")
		if r.URL.Path == "/broken.js" {
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = fmt.Fprint(w, `console.error("said so"); throw new Error("broken")`+strings.Repeat(" ", maxWeight))
			return
		}
		_, _ = fmt.Fprintf(w, `<!doctype html><title>x</title><script>1</script><script src="/broken.js"></script><img src="%s/x.png"><input style="outline:none"><div style="width:2000px">wide</div>`, elsewhere.URL)
	}))
	t.Cleanup(page.Close)
	b := newTab(t, page.URL)
	b.bringAxe()
	b.open(page.URL + "/")
	await[bool](b, "the page", `() => document.readyState === "complete"`)
	found := b.faults()
	for _, want := range []string{"another host", "Content Security Policy", "said so", "broken"} {
		if !slices.ContainsFunc(found, func(fault string) bool { return strings.Contains(fault, want) }) {
			t.Errorf("nothing about %q was noted: %q", want, found)
		}
	}
	if weight := b.weight(); weight < maxWeight || weight > maxWeight+10_000 {
		t.Errorf("the page weighs %d bytes, want a script's %d and a little", weight, maxWeight)
	}
	if got := get[int](b, `() => document.documentElement.scrollWidth`); got < 2000 {
		t.Errorf("the page is %d px wide, want 2000", got)
	}
	get[int](b, controls)
	if stop := b.walk(1)[0]; !strings.Contains(stop, "no visible focus") {
		t.Errorf("a field without an outline is %q", stop)
	}
	if b.axe() == "" {
		t.Error("axe finds nothing in a field without a name")
	}
}

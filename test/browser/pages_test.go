package browser_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// view is one of the pages, as somebody sees it.
type view struct {
	name  string
	path  string // on the console; {key} and {asked} stand for ids
	holds bool   // it is a page for holders of keys
	// act does what leads to the view, once the page is open.
	act   func(*tab, *site)
	alone bool // nobody is logged in
	again bool // its controls are those of the view before it
}

// views are all pages. A page that the navigation or the palette leads to, and that is not
// here, fails TestEveryPageIsLookedAt.
var views = []view{
	{name: "login", path: "/login", alone: true},
	{name: "overview", path: "/"},
	{name: "keys", path: "/keys"},
	{name: "keys-none", path: "/keys?q=nobody"},
	{name: "key", path: "/keys/{key}"},
	{name: "key-why", path: "/keys/{key}?why=&units=1&meter=requests&scope=write&ip=192.0.2.1", again: true},
	{name: "key-new", path: "/keys/new", act: func(b *tab, _ *site) { b.click("summary", "Limits of its own") }},
	{name: "keys-selected", path: "/keys/change?action=revoke&key={key}"},
	{name: "keys-matching", path: "/keys/change-all?status=active"},
	{name: "plans", path: "/plans"},
	{name: "plan", path: "/plans/small"},
	{name: "plan-new", path: "/plans/new"},
	{name: "plan-edit", path: "/plans/small/edit"},
	{name: "plan-preview", path: "/plans/small/edit", act: func(b *tab, _ *site) {
		b.fill("#limits", "2/day")
		b.click("button", "See what would change")
		b.awaitSeen("#change-title", "")
	}},
	{name: "audit", path: "/audit"},
	{name: "audit-none", path: "/audit?actor=nobody"},
	{name: "tokens", path: "/tokens"},
	{name: "token-new", path: "/tokens/new", act: func(b *tab, _ *site) { b.click("summary", "Only some keys") }},
	{name: "token-revoke", path: "/tokens/revoke?name=ci"},
	{name: "sessions", path: "/sessions"},
	{name: "system", path: "/system"},
	{name: "jobs", path: "/jobs"},
	{name: "requests", path: "/requests"},
	{name: "request", path: "/requests/{asked}"},
	{name: "requests-all", path: "/requests?state=all"},
	{name: "login-link", path: "/sessions", act: func(b *tab, _ *site) {
		b.click("[data-dialog]", "Login link")
		b.fill("#for", "ada@example.com")
		b.click("dialog button.primary", "")
		b.awaitSeen("#new-link", "")
	}},
	{name: "missing", path: "/nowhere"},
	{name: "holder", path: "", holds: true},
	{name: "holder-usage", path: "", holds: true, act: func(b *tab, s *site) {
		b.fill("#secret", s.key.Secret)
		b.click("#show-usage", "")
		b.awaitSeen("#key-name", "")
	}},
	{name: "holder-asks", path: "/request", holds: true},
	{name: "holder-picks-up", path: "/pickup", holds: true},
	{name: "holder-refused", path: "", holds: true, act: func(b *tab, _ *site) {
		b.fill("#secret", "rk_nothing")
		b.click("#show-usage", "")
		b.awaitSeen("#trouble", "")
	}},
	{name: "holder-request", path: "/request", holds: true},
	{name: "holder-asked", path: "/request", holds: true, act: func(b *tab, _ *site) {
		b.fill("#name", "<script>document.title='run'</script>")
		b.fill("#email", "ann@example.com")
		b.click("#ask-button", "")
		b.awaitSeen("#asked-title", "")
	}},
	{name: "holder-pickup", path: "/pickup", holds: true, act: func(b *tab, _ *site) {
		b.fill("#code", "rk_pickup_nothing")
		b.click("#look-button", "")
		b.awaitSeen("#trouble", "")
	}},
}

// see opens a view in a tab of its own.
func (s *site) see(t *testing.T, v view) *tab {
	t.Helper()
	b := newTab(t, s.adminURL, s.ProxyURL)
	b.prefer("light")
	if !v.alone && !v.holds {
		b.enter(s.rig, s.session)
	}
	base := s.adminURL
	if v.holds {
		base = s.ProxyURL + portalPath
	}
	b.open(base + strings.NewReplacer("{key}", s.key.ID, "{asked}", s.asked).Replace(v.path))
	b.settle()
	return b
}

// settle waits until charts are drawn and nothing is loaded any more.
func (b *tab) settle() {
	b.t.Helper()
	await[bool](b, "a page that is done", `() => document.readyState === "complete" && !document.querySelector(".htmx-request")
		&& [...document.querySelectorAll("[data-chart]")].every((c) => c.querySelector("canvas"))
		&& (!document.querySelector("[hx-get^='/keys/sparks']") || !!document.querySelector("symbol[id^=spark-]"))`)
}

func TestPagesHoldForEverybody(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, v := range views {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			b := s.see(t, v)
			if weight := b.weight(); weight == 0 || weight > maxWeight {
				t.Errorf("%d bytes came over the wire, want at most %d", weight, maxWeight)
			}
			if v.act != nil {
				v.act(b, s)
				b.settle()
			}
			for _, width := range []int64{wide, narrow} {
				b.resize(width)
				b.wantNoSidewaysScroll(width)
				for _, look := range []string{"light", "dark"} {
					b.prefer(look)
					if width == wide || look == "light" { // each width and each look
						b.wantAccessible(look, width)
					}
					b.keepScreenshot(v.name, look, width)
				}
			}
			b.resize(wide)
			if !v.again {
				b.wantTabReachesAll()
				b.wantDialogsHoldFocus()
			}
			if title := get[string](b, `() => document.title`); title == "run" {
				t.Error("a name ran as a script")
			}
		})
	}
}

// maxWeight is how many bytes a page and all that it needs may have over the wire.
const maxWeight = 100_000

func (b *tab) wantNoSidewaysScroll(width int64) {
	b.t.Helper()
	b.settleSize(width)
	if got := get[int64](b, `() => document.documentElement.scrollWidth`); got > width {
		b.t.Errorf("in a window of %d px the page is %d px wide: %s", width, got, get[string](b, `() => [...document.querySelectorAll("main *")].filter((e) => {
			const r = e.getBoundingClientRect();
			return r.right > innerWidth + 1 && !e.closest(".scroll, pre, svg, .uplot");
		}).slice(0, 5).map((e) => e.tagName + "." + e.className + "#" + e.id).join(" ")`))
	}
}

// settleSize waits until the page has a new width, and its charts too.
func (b *tab) settleSize(width int64) {
	b.t.Helper()
	await[bool](b, "the new width", `(width) => innerWidth === width && [...document.querySelectorAll(".chart[data-chart]")].every((c) => c.querySelector(".uplot")?.offsetWidth <= c.clientWidth)`, width)
}

// shots is where screenshots are kept, for people to look at.
var shots = filepath.Join("..", "..", ".cache", "screenshots")

func (b *tab) keepScreenshot(name, look string, width int64) {
	b.t.Helper()
	if err := os.MkdirAll(shots, 0o755); err != nil {
		b.t.Fatal(err)
	}
	file := filepath.Join(shots, strings.Join([]string{name, look, sizes[width] + ".png"}, "-"))
	if err := os.WriteFile(file, b.screenshot(), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

var sizes = map[int64]string{wide: "1280", narrow: "380"}

func TestEveryPageIsLookedAt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.see(t, view{path: "/"})
	b.click("[data-palette]", "")
	b.awaitSeen("#found a", "Overview")
	linked := strings.Fields(get[string](b, `() => [...document.querySelectorAll("#nav a, #found a")].map((a) => a.getAttribute("href")).join(" ")`))
	if len(linked) < 7 {
		t.Fatalf("found only %v", linked)
	}
	for _, path := range linked {
		if !slices.ContainsFunc(views, func(v view) bool { return v.path == path && !v.holds }) {
			t.Errorf("the page %s is not among those that are looked at", path)
		}
	}
}

package browser_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// tabsAtOnce is how many tabs look at views: more of them wait for each other on the two
// processors of the machines that run these tests.
const tabsAtOnce = 2

// TestOneServer runs all that leaves the pages as they are, on one server.
func TestOneServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	tabs := make(chan *tab, tabsAtOnce)
	for range tabsAtOnce {
		tabs <- newLookingTab(t, s.adminURL, s.ProxyURL)
	}
	for _, v := range views {
		t.Run("view "+v.name, func(t *testing.T) {
			t.Parallel()
			look(borrow(t, tabs, s.adminURL), s.in(t), v)
		})
	}
	for name, test := range map[string]func(*tab, *site){
		"all pages are views":                  allPagesAreViews,
		"readers change nothing":               readersChangeNothing,
		"other sites change nothing":           othersChangeNothing,
		"the palette is for the keyboard":      paletteIsForTheKeyboard,
		"the menu is for the keyboard":         menuIsForTheKeyboard,
		"what remains is three clicks away":    whatRemainsIsThreeClicksAway,
		"times are in the chosen zone":         timesAreInTheChosenZone,
		"search as you type is in the address": searchIsInTheAddress,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(borrow(t, tabs, s.adminURL), s.in(t))
		})
	}
}

// newLookingTab opens a tab for views: it has axe at hand, and keeps nothing that a page
// could then do without.
func newLookingTab(t *testing.T, hosts ...string) *tab {
	t.Helper()
	b := newTab(t, hosts...)
	b.bringAxe()
	b.call("switching the cache off", func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})
		return err
	})
	return b
}

// borrow gives a test one of the tabs, which has forgotten what the site has told it. It
// still shows the page of the test before: to leave a page of the console for one of
// another kind takes the browser a process more.
func borrow(t *testing.T, tabs chan *tab, site string) *tab {
	t.Helper()
	b := *<-tabs
	owner := b.t
	b.t = t
	t.Cleanup(func() {
		b.reportFaults()
		b.t = owner
		tabs <- &b
	})
	b.forget(site)
	b.resize(wide)
	b.weight()
	return &b
}

// look holds a view against all that pages have to be for everybody.
func look(b *tab, s *site, v view) {
	s.see(b, v)
	if b.wantLight() == 0 {
		b.t.Error("nothing came over the wire")
	}
	if v.act != nil {
		v.act(b, s)
		b.settle()
		b.wantLight()
	}
	for _, w := range v.windows() {
		b.resize(w.width)
		b.prefer(w.look)
		b.wantNoSidewaysScroll(w.width)
		b.wantAccessible(w)
		b.keepScreenshot(v.name, w)
	}
	if !v.again {
		for _, width := range []int64{wide, narrow} {
			b.resize(width)
			b.settleSize(width)
			b.wantTabReachesAll()
		}
		b.wantDialogsHoldFocus()
	}
	if title := get[string](b, `() => document.title`); title == "run" {
		b.t.Error("a name ran as a script")
	}
}

// maxWeight is how many bytes a page and all that it needs may have over the wire.
const maxWeight = 100_000

// wantLight wants little to have come over the wire since it was last asked.
func (b *tab) wantLight() (weight int) {
	b.t.Helper()
	if weight = b.weight(); weight > maxWeight {
		b.t.Errorf("%d bytes came over the wire, want at most %d", weight, maxWeight)
	}
	return weight
}

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

func (b *tab) keepScreenshot(name string, w window) {
	b.t.Helper()
	if err := os.MkdirAll(shots, 0o755); err != nil {
		b.t.Fatal(err)
	}
	file := filepath.Join(shots, fmt.Sprintf("%s-%s-%d.png", name, w.look, w.width))
	if err := os.WriteFile(file, b.screenshot(), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// allPagesAreViews follows where the navigation and the palette lead.
func allPagesAreViews(b *tab, s *site) {
	s.open(b, "/")
	b.click("[data-palette]", "")
	b.awaitSeen("#found a", "Overview")
	linked := strings.Fields(get[string](b, `() => [...document.querySelectorAll("#nav a, #found a")].map((a) => a.getAttribute("href")).join(" ")`))
	if len(linked) < 7 {
		b.t.Fatalf("found only %v", linked)
	}
	for _, path := range linked {
		if !slices.ContainsFunc(views, func(v view) bool { return v.path == path && !v.holds }) {
			b.t.Errorf("the page %s is not among those that are looked at", path)
		}
	}
}

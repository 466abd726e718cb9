package browser_test

import (
	"strings"
)

// view is one of the pages, as somebody sees it.
type view struct {
	name  string
	path  string // on the console; {key}, {asked}, {job} and {webhook} stand for ids
	holds bool   // it is a page for holders of keys
	// act does what leads to the view, once the page is open.
	act   func(*tab, *site)
	alone bool // nobody is logged in
	again bool // its controls are those of the view before it
	whole bool // it has nearly all that pages are made of: axe sees each width in each look
}

// views are all pages. A page that the navigation or the palette leads to, and that is not
// here, fails allPagesAreViews.
var views = []view{
	{name: "login", path: "/login", alone: true},
	{name: "overview", path: "/"},
	{name: "keys", path: "/keys", whole: true},
	{name: "keys-none", path: "/keys?q=nobody"},
	{name: "key", path: "/keys/{key}", whole: true},
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
	{name: "events", path: "/events"},
	{name: "events-none", path: "/events?q=nobody"},
	{name: "events-choices", path: "/events?q=a"},
	{name: "webhooks", path: "/webhooks"},
	{name: "webhook-new", path: "/webhooks/new"},
	{name: "webhook", path: "/webhooks/{webhook}"},
	{name: "webhook-dead", path: "/webhooks/{webhook}?state=dead"},
	{name: "webhook-replay", path: "/webhooks/{webhook}/replay"},
	{name: "webhook-rotated", path: "/webhooks/{webhook}", act: func(b *tab, _ *site) {
		b.click("[data-dialog]", "Rotate secret")
		b.click("#rotate button.primary", "")
		b.awaitSeen("#secret", "")
	}},
	{name: "audit", path: "/audit"},
	{name: "audit-none", path: "/audit?actor=nobody"},
	{name: "tokens", path: "/tokens"},
	{name: "token-new", path: "/tokens/new", act: func(b *tab, _ *site) { b.click("summary", "Only some keys") }},
	{name: "token-revoke", path: "/tokens/revoke?name=ci"},
	{name: "sessions", path: "/sessions"},
	{name: "system", path: "/system"},
	{name: "jobs", path: "/jobs"},
	{name: "job", path: "/jobs/{job}", act: func(b *tab, _ *site) { b.awaitSeen("#live .tag", "done") }},
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
	{name: "holder", holds: true},
	{name: "holder-usage", holds: true, whole: true, act: func(b *tab, s *site) { b.showUsage(s.key.Secret) }},
	{name: "holder-refused", holds: true, act: func(b *tab, _ *site) {
		b.fill("#secret", "rk_nothing")
		b.click("#show-usage", "")
		b.awaitSeen("#trouble", "")
	}},
	{name: "holder-rotated", holds: true, act: func(b *tab, s *site) {
		b.showUsage(s.aged.Secret)
		b.replaceKey()
	}},
	{name: "holder-asks", path: "/request", holds: true},
	{name: "holder-asked", path: "/request", holds: true, act: func(b *tab, _ *site) {
		b.fill("#name", "<script>document.title='run'</script>")
		b.fill("#email", "ann@example.com")
		b.click("#ask-button", "")
		b.awaitSeen("#asked-title", "")
	}},
	{name: "holder-picks-up", path: "/pickup", holds: true},
	{name: "holder-picks-nothing", path: "/pickup", holds: true, act: func(b *tab, _ *site) {
		b.fill("#code", "rk_pickup_nothing")
		b.click("#look-button", "")
		b.awaitSeen("#trouble", "")
	}},
	{name: "holder-picked", path: "/pickup", holds: true, act: func(b *tab, s *site) {
		b.fill("#code", s.pickup)
		b.click("#take-button", "")
		b.awaitSeen("#picked-title", "")
	}},
}

// window is how somebody looks at a view.
type window struct {
	width int64
	look  string // "light" or "dark"
}

// windows returns those that a view is looked at in. Each width and each look is among
// them; what differs by both is seen in the views that are whole.
func (v view) windows() []window {
	if v.whole {
		return []window{{wide, "light"}, {narrow, "light"}, {wide, "dark"}, {narrow, "dark"}}
	}
	return []window{{wide, "light"}, {narrow, "dark"}}
}

// see opens a view.
func (s *site) see(b *tab, v view) {
	b.t.Helper()
	b.prefer("light")
	if !v.alone && !v.holds {
		b.enter(s.rig, s.session)
	}
	base := s.adminURL
	if v.holds {
		base = s.ProxyURL + portalPath
	}
	b.open(base + strings.NewReplacer("{key}", s.key.ID, "{asked}", s.asked, "{job}", s.job, "{webhook}", s.webhook).Replace(v.path))
	b.settle()
}

// open opens a page of the console.
func (s *site) open(b *tab, path string) {
	b.t.Helper()
	s.see(b, view{path: path})
}

// settle waits until charts are drawn and nothing is loaded any more.
func (b *tab) settle() {
	b.t.Helper()
	await[bool](b, "a page that is done", `() => document.readyState === "complete" && !document.querySelector(".htmx-request")
		&& [...document.querySelectorAll("[data-chart]")].every((c) => c.querySelector("canvas"))
		&& (!document.querySelector("[hx-get^='/keys/sparks']") || !!document.querySelector("symbol[id^=spark-]"))`)
}

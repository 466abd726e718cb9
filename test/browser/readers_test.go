package browser_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
)

// offer is a change that a page offers.
type offer struct{ Page, Action, Fields string }

// crawl is a function of JavaScript that follows all links from the overview, to each
// path once, and returns the changes that are offered there and the links that lead to
// nothing.
const crawl = `async () => {
	const queue = ["/"], seen = new Set(queue), offers = [], broken = [];
	while (queue.length) {
		const path = queue.shift(), answer = await fetch(path);
		if (!answer.ok) broken.push(answer.status + " " + path);
		const found = new DOMParser().parseFromString(await answer.text(), "text/html");
		for (const change of found.querySelectorAll("[method=post], [formmethod=post], [hx-post], [hx-put], [hx-patch], [hx-delete]")) {
			const form = change.closest("form");
			for (const list of form.querySelectorAll("select")) // as somebody would who means it
				if (!list.value && list.options.length > 1) list.selectedIndex = 1;
			for (const field of form.querySelectorAll("input, textarea"))
				if (!field.value && (field.required || field.name === "typed")) field.value = field.dataset.typed || form.elements.name?.value || "5/day";
			const action = change.getAttribute("hx-post") || change.getAttribute("action") || change.outerHTML.slice(0, 200);
			offers.push({ Page: path, Action: action, Fields: new URLSearchParams(new FormData(form)).toString() });
		}
		for (const link of found.querySelectorAll("a[href^='/']")) {
			const to = new URL(link.getAttribute("href"), location.origin);
			if (!seen.has(to.pathname)) queue.push(to.pathname + to.search);
			seen.add(to.pathname);
		}
	}
	return JSON.stringify({ offers, broken, pages: seen.size });
}`

// offers returns what the pages offer to whoever is logged in, besides logging out.
func (b *tab) offers() (offers []offer, pages int) {
	b.t.Helper()
	var found struct {
		Offers []offer
		Broken []string
		Pages  int
	}
	if err := json.Unmarshal([]byte(get[string](b, crawl)), &found); err != nil {
		b.t.Fatal(err)
	}
	for _, link := range found.Broken {
		b.t.Errorf("a link leads to what is not for the reader: %s", link)
	}
	for _, o := range found.Offers {
		if o.Action != "/logout" {
			offers = append(offers, o)
		}
	}
	return offers, found.Pages
}

// ids are the parts of a path that differ from key to key.
var ids = regexp.MustCompile(`(key|sec)_[0-9a-f-]{36}|[0-9a-f]{8}-[0-9a-f-]{27}`)

// readersChangeNothing compares what is offered to whoever may read with what is offered
// to whoever may do everything, and then sends the latter's changes as the former.
func readersChangeNothing(b *tab, s *site) {
	s.open(b, "/")
	all, pages := b.offers()
	kinds := map[string]offer{}
	for _, o := range all {
		kinds[ids.ReplaceAllString(o.Action, "{id}")] = o
	}
	if len(kinds) < 15 || pages < 20 {
		b.t.Fatalf("only %d kinds of changes are offered on %d pages: %v", len(kinds), pages, kinds)
	}

	b.forget(s.adminURL)
	b.logIn(s.rig, s.newToken("reader", "read"))
	offered, read := b.offers()
	for _, o := range offered {
		b.t.Errorf("the page %s offers %s to a reader", o.Page, o.Action)
	}
	if read < 12 {
		b.t.Errorf("a reader reads only %d pages", read)
	}
	for kind, o := range kinds {
		status := get[int](b, `async (path, fields) => (await fetch(path, { method: "POST", body: new URLSearchParams(fields) })).status`, o.Action, o.Fields)
		if status != http.StatusForbidden {
			b.t.Errorf("a reader's POST to %s got %d, want %d", kind, status, http.StatusForbidden)
		}
	}
	if rows := s.cli("audit", "--actor", "token:reader", "-o", "csv"); strings.Count(rows, "\n") > 2 { // the header and the session
		b.t.Errorf("a reader has changed something:\n%s", rows)
	}
}

// othersChangeNothing opens a page of another origin, to which the browser does send the
// cookie, since SameSite knows no ports.
func othersChangeNothing(b *tab, s *site) {
	key := s.newKey("Margaret")
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<!doctype html><title>other</title><form method="post" action="%s/keys/%s/disable"><button>Win</button></form>`, s.adminURL, key.ID)
	}))
	b.t.Cleanup(other.Close)
	b.allow(other.URL)
	s.open(b, "/keys/"+key.ID)
	b.awaitText("#state", "active")
	b.open(other.URL + "/")
	b.follow("button", "Win")
	if url := get[string](b, `() => location.href`); url != s.adminURL+"/keys/"+key.ID+"/disable" {
		b.t.Fatalf("the form was not sent: the tab is at %s", url)
	}
	b.open(s.adminURL + "/keys/" + key.ID)
	b.awaitText("#state", "active") // and the session is there
}

package console

import (
	"net/url"
	"strings"
	"testing"
)

// TestPagesLeadForthAndBack walks a list to its end and back again, as people do.
func TestPagesLeadForthAndBack(t *testing.T) {
	const pages = 2*pagesBack + 3
	list := func(address string) pager {
		at, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		values, next := at.Query(), "b"
		if after := values.Get("after"); after != "" {
			next = after + "b" // a position for each page: b, bb, bbb …
		}
		if len(next) == pages {
			next = ""
		}
		if values.Get("q") != "a&b" || values.Has("status") {
			t.Errorf("%s has lost its filter", address)
		}
		return newPager(at.Path, values, next)
	}
	var address string
	var seen []string
	here := newPager("/keys", url.Values{"q": {"a&b"}, "status": {""}}, "b")
	for here.Next != "" {
		address = here.Next
		seen = append(seen, address)
		if here = list(address); here.Number != len(seen)+1 || len(address) > 1000 {
			t.Fatalf("%s is page %d", address, here.Number)
		}
	}
	if here.Number != pages {
		t.Fatalf("the last page is %d", here.Number)
	}
	for back := range pagesBack {
		address = here.Previous
		if here = list(address); here.Number != pages-back-1 || strings.Count(address, "before=") > pagesBack {
			t.Fatalf("%s is page %d", address, here.Number)
		}
	}
	if here.Previous != "" || here.First != "/keys?q=a%26b" {
		t.Errorf("page %d has a page before it that nobody remembers: %+v", here.Number, here)
	}
	second := list(seen[0])
	if second.Previous != second.First {
		t.Errorf("before the second page is %q", second.Previous)
	}
	if only := newPager("/plans", nil, ""); only != (pager{Number: 1}) {
		t.Errorf("the only page has %+v", only)
	}
	if cut := newPager("/plans", url.Values{"after": {"x"}, "page": {"zzz"}}, ""); cut.Number != 2 || cut.First != "/plans" {
		t.Errorf("an address that somebody has written: %+v", cut)
	}
}

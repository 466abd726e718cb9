package adminapi_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
)

// lists are all lists that come in pages, with something to select or sort by.
var lists = map[string]struct{ selection, member string }{
	"/audit":        {"sort=at", "id"},
	"/usage/days":   {"sort=-date", "meter"},
	"/tokens":       {"sort=name", "name"},
	"/plans":        {"sort=-name", "name"},
	"/meters":       {"sort=-name", "name"},
	"/reservations": {"state=open", "id"},
	"/keys":         {"search=k&sort=-name", "id"},
}

// filled is the API over a database that has five of everything.
func filled(t *testing.T) *served {
	t.Helper()
	s := serve(t)
	id := s.key(`{"name":"Ada","owner":"acme"}`)
	key, err := ration.ParseKeyID(id)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		s.key(fmt.Sprintf(`{"name":"k%d"}`, 9-i))
		s.must(s.call("POST", "/plans", fmt.Sprintf(`{"name":"p%d","limits":["5/day"]}`, i)))
		s.must(s.call("POST", "/tokens", fmt.Sprintf(`{"name":"t%d","scopes":["read"]}`, i)))
		s.must(s.call("PUT", fmt.Sprintf("/meters/m%d", i), `{"unit":0.01}`))
		charge := ration.Charge{KeyID: key, Amounts: []ration.Amount{{Meter: ration.MeterRequests, Units: 1}, {Meter: fmt.Sprintf("m%d", i), Units: 7, Unit: 2}}}
		held := charge
		held.Hold = new(ration.Hold{})
		for _, item := range []testbatch.Item{{Charge: charge}, {Charge: held}} {
			if _, err := s.store.Charge(t.Context(), testbatch.Of(t, item)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return s
}

// walk returns a member of all items of a list, read in pages of two.
func (s *served) walk(path, member string) (values []string) {
	s.t.Helper()
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	cursor := ""
	for pages := 0; ; pages++ {
		response, page := s.call("GET", path+separator+"limit=2&cursor="+url.QueryEscape(cursor), "")
		if response.StatusCode != 200 || pages > 50 {
			s.t.Fatalf("page %d of %s: %d %v", pages, path, response.StatusCode, page)
		}
		for _, item := range page["items"].([]any) {
			values = append(values, fmt.Sprint(item.(map[string]any)[member]))
		}
		next, more := page["next_cursor"].(string)
		if !more {
			return values
		}
		cursor = next
	}
}

func TestPagesOfEachListAreTheWholeList(t *testing.T) {
	s := filled(t)
	for path, list := range lists {
		for _, path := range []string{path, path + "?" + list.selection} {
			separator := "?"
			if strings.Contains(path, "?") {
				separator = "&"
			}
			_, whole := s.call("GET", path+separator+"limit=1000", "")
			var want []string
			for _, item := range whole["items"].([]any) {
				want = append(want, fmt.Sprint(item.(map[string]any)[list.member]))
			}
			if diff := cmp.Diff(want, s.walk(path, list.member)); diff != "" || len(want) < 5 {
				t.Errorf("%s (-whole +pages):\n%s", path, diff)
			}
		}
	}
}

// A cursor that is not the last answer's, for the same question, is refused.
func TestCursorsHoldForOneListWithItsFilters(t *testing.T) {
	s := filled(t)
	cursors := map[string]string{}
	for path := range lists {
		_, page := s.call("GET", path+"?limit=2", "")
		cursors[path] = page["next_cursor"].(string)
	}
	for path, list := range lists {
		cursor := cursors[path]
		if response, _ := s.call("GET", path+"?limit=3&cursor="+cursor, ""); response.StatusCode != 200 {
			t.Errorf("%s: %d for its own cursor with another limit", path, response.StatusCode)
		}
		refused := []string{list.selection + "&cursor=" + cursor}
		for other := range lists {
			if other != path {
				refused = append(refused, "cursor="+cursors[other])
			}
		}
		for i := range cursor {
			changed := "A"
			if cursor[i] == 'A' {
				changed = "B"
			}
			refused = append(refused, "cursor="+cursor[:i]+changed+cursor[i+1:], "cursor="+cursor[:i])
		}
		refused = append(refused, "cursor="+cursor+"A", "cursor="+cursor+"%3D", "cursor=AAAA", "cursor=%00")
		for _, query := range refused {
			if query == "cursor=" {
				continue // the beginning
			}
			response, answer := s.call("GET", path+"?"+query, "")
			if response.StatusCode != 400 || answer["code"] != "invalid_body" {
				t.Errorf("%s?%s: %d %v", path, query, response.StatusCode, answer["code"])
			}
		}
	}
}

func TestListsRefuseWhatTheyDoNotKnow(t *testing.T) {
	s := serve(t)
	for path := range lists {
		for _, query := range []string{"limit=0", "limit=-1", "limit=1001", "limit=1e9", "limit=1000000000", "limit=", "sort=secret", "sort=--name", "sort=", "order=asc"} {
			response, answer := s.call("GET", path+"?"+query, "")
			wants400 := !strings.HasSuffix(query, "=") // an empty parameter is as if it were absent
			if wants400 != (response.StatusCode == 400) {
				t.Errorf("%s?%s: %d %v", path, query, response.StatusCode, answer)
			}
		}
	}
	for _, query := range []string{"/audit?since=yesterday", "/audit?until=2030-01-31", "/reservations?state=lost", "/reservations?key=key_x"} {
		if response, answer := s.call("GET", query, ""); response.StatusCode != 400 {
			t.Errorf("%s: %d %v", query, response.StatusCode, answer)
		}
	}
	if response, answer := s.call("GET", "/audit?since=2030-01-02T00:00:00Z&until=2030-01-01T00:00:00Z", ""); response.StatusCode != 422 {
		t.Errorf("until before since: %d %v", response.StatusCode, answer)
	}
}

func TestTheAuditLogIsSelected(t *testing.T) {
	s := filled(t)
	_, first := s.call("GET", "/audit?limit=1&action=token.create&sort=at", "")
	at := first["items"].([]any)[0].(map[string]any)["at"].(string)
	for query, want := range map[string]int{
		"action=token.create": 5, "action=token": 0, "action=plan.create&actor=token:test": 5, "actor=cli:nobody": 0, "target=plan:p3": 1,
		"action=token.create&until=" + at: 0, "action=token.create&since=" + at: 5, "since=2999-01-01T00:00:00%2B01:00": 0,
	} {
		if got := s.walk("/audit?"+query, "id"); len(got) != want {
			t.Errorf("%s: %d entries, want %d", query, len(got), want)
		}
	}
}

package rewrite_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/rewrite"
)

func decision() *ration.Decision {
	return &ration.Decision{
		Code: ration.CodeOK, KeyID: ration.KeyID{1}, KeyName: `Ada "the first"`, Plan: "free",
		Limits: []ration.LimitStatus{
			{Limit: ration.Limit{Name: "requests-month", Quantity: 3000}, Used: 7, Remaining: 2993},
			{Limit: ration.Limit{Name: "requests-day", Quantity: 100}, Used: 5, Reserved: 1, Remaining: 94, ResetsAt: time.Date(2026, 7, 16, 0, 0, 0, 0, time.UTC)},
		},
	}
}

func TestApply(t *testing.T) {
	for _, row := range []struct{ name, at, field, body, want string }{
		{"value replaced, all else untouched", "/quota/remaining", "remaining", "{ \"b\": 1.0e5,\n\t\"quota\" :{\"remaining\": 1 , \"x\":[1, {}]}, \"a\": \"\\u00e4\" }\n", "{ \"b\": 1.0e5,\n\t\"quota\" :{\"remaining\": 94 , \"x\":[1, {}]}, \"a\": \"\\u00e4\" }\n"},
		{"missing objects made", "/quota/now/remaining", "remaining", `{"a": 1 }`, `{"a": 1,"quota":{"now":{"remaining":94}} }`},
		{"empty object filled", "/limit", "limit", `{ }`, `{"limit":100 }`},
		{"null on the way", "/quota/limit", "limit", `{"quota": null}`, `{"quota": {"limit":100}}`},
		{"null as the value", "/limit", "limit", `{"limit": null}`, `{"limit": 100}`},
		{"text on the way", "/quota/limit", "limit", `{"quota": "x"}`, `{"quota": "x"}`},
		{"element of an array", "/a/1/used", "used", `{"a": [ {"used":[]}, {"used": {"x": "]}\""}} ]}`, `{"a": [ {"used":[]}, {"used": 6} ]}`},
		{"element that isn't there", "/a/2", "used", `{"a": [1, 2]}`, `{"a": [1, 2]}`},
		{"element with a leading zero", "/a/01", "used", `{"a": [1, 2]}`, `{"a": [1, 2]}`},
		{"escaped pointer and escaped name", "/a~1b~0", "used", `{"a\u002fb~": 1}`, `{"a\u002fb~": 6}`},
		{"twice the tilde", "/~01", "used", `{"~1": 1, "/": 2}`, `{"~1": 6, "/": 2}`},
		{"the last of two members with one name", "/a", "used", `{"a": 1, "a": 2}`, `{"a": 1, "a": 6}`},
		{"name", "/user", "key_name", `{"user":"x"}`, `{"user":"Ada \"the first\""}`},
		{"named limit", "/n", "remaining of requests-month", `{"n":0}`, `{"n":2993}`},
		{"limit that the key hasn't", "/n", "remaining of tokens-day", `{"n":0}`, `{"n":null}`},
		{"owner that isn't there", "/n", "owner", `{"n":0}`, `{"n":null}`},
		{"end of the period", "/n", "resets_at", `{}`, `{"n":"2026-07-16T00:00:00Z"}`},
		{"never", "/n", "resets_at of requests-month", `{}`, `{"n":null}`},
		{"not JSON", "/n", "used", `{"n":1`, `{"n":1`},
		{"nothing", "/n", "used", ``, ``},
		{"text as the body", "/n", "used", `"x"`, `"x"`},
		{"too large", "/n", "used", `{"n":"` + strings.Repeat("x", rewrite.MaxBodyBytes) + `"}`, `{"n":"` + strings.Repeat("x", rewrite.MaxBodyBytes) + `"}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			var body rewrite.Body
			if err := body.Add(row.at, row.field); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, string(body.Apply([]byte(row.body), decision()))); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
		})
	}
}

// TestResetsAtIsNeverTooEarly tells of a limit that has more within a second.
func TestResetsAtIsNeverTooEarly(t *testing.T) {
	var body rewrite.Body
	if err := body.Add("/n", "resets_at"); err != nil {
		t.Fatal(err)
	}
	soon := decision()
	soon.Limits[1].ResetsAt = time.Date(2026, 7, 15, 12, 0, 0, 1000, time.UTC)
	if diff := cmp.Diff(`{"n":"2026-07-15T12:00:01Z"}`, string(body.Apply([]byte(`{}`), soon))); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

func TestApplySetsSeveralValues(t *testing.T) {
	var body rewrite.Body
	for _, rule := range [][2]string{{"/quota/now/left", "remaining"}, {"/user", "key_name"}, {"/quota/limit", "limit"}, {"/quota/now/used", "used"}, {"/a/1", "used"}} {
		if err := body.Add(rule[0], rule[1]); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct{ name, body, want string }{
		{"all made", `{}`, `{"quota":{"now":{"left":94,"used":6},"limit":100},"user":"Ada \"the first\"","a":{"1":6}}`},
		{"all replaced, in the order of the body", `{"a":[0,0,0],"quota":{"limit":0,"now":{"used":0,"left":0}},"user":""}`, `{"a":[0,6,0],"quota":{"limit":100,"now":{"used":6,"left":94}},"user":"Ada \"the first\""}`},
		{"one object half there", `{"quota": {"now": {"left": 1} }, "a": "x", "user": 1}`, `{"quota": {"now": {"left": 94,"used":6},"limit":100 }, "a": "x", "user": "Ada \"the first\""}`},
		{"the last of two objects with one name", `{"quota": {"limit": 1}, "a": [], "user": 1, "quota": null}`, `{"quota": {"limit": 1}, "a": [], "user": "Ada \"the first\"", "quota": {"now":{"left":94,"used":6},"limit":100}}`},
		{"nowhere", `[{"quota": {}}]`, `[{"quota": {}}]`},
		{"two texts", `{} {}`, `{} {}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, string(body.Apply([]byte(row.body), decision()))); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheLimitThatRefusedIsToldFirst(t *testing.T) {
	var body rewrite.Body
	if err := body.Add("/n", "limit"); err != nil {
		t.Fatal(err)
	}
	denied := decision()
	denied.Limits[0].Exceeded = true
	slices.Reverse(denied.Limits)
	if got := string(body.Apply([]byte(`{}`), denied)); got != `{"n":3000}` {
		t.Errorf("got %s; the monthly limit refused", got)
	}
}

func TestAddRefuses(t *testing.T) {
	for _, row := range []struct{ name, at, field, want string }{
		{"empty pointer", "", "used", `starts with "/"`},
		{"pointer without a slash", "quota", "used", `starts with "/"`},
		{"tilde alone", "/a~2", "used", `"~" is written "~0"`},
		{"deep pointer", strings.Repeat("/a", 33), "used", "at most 32"},
		{"unknown field", "/a", "secret", "use remaining, limit"},
		{"limit of a name", "/a", "owner of x", "use remaining, limit"},
		{"limit without a name", "/a", "used of ", "use remaining, limit"},
		{"part of another value", "/taken/by", "used", "another pointer"},
		{"the same value", "/taken", "used", "another pointer"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var body rewrite.Body
			if err := body.Add("/taken", "limit"); err != nil {
				t.Fatal(err)
			}
			if err := body.Add(row.at, row.field); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v; want it to hold %q", err, row.want)
			}
		})
	}
}

func TestWord(t *testing.T) {
	var errors rewrite.Errors
	for code, body := range map[string]string{
		"quota_exceeded": `{"d": "${detail} ${key_name}", "n": ${remaining of requests-day}, "s": ${status}, "r": ${retry_after}}`,
		"default":        `{"code":"${code}","left":${remaining}}`,
	} {
		if err := errors.Add(code, 0, "", body); err != nil {
			t.Fatal(err)
		}
	}
	got, ok := errors.Word(rewrite.Problem{Status: 429, Code: "quota_exceeded", Detail: "a\"},\n", RetryAfter: "9", Decision: decision()})
	want := `{"d": "a\"},\n Ada \"the first\"", "n": 94, "s": 429, "r": 9}`
	if !ok || got.Status != 429 || got.ContentType != "application/json" || string(got.Body) != want {
		t.Errorf("got %+v %s; want %s", got, got.Body, want)
	}
	got, _ = errors.Word(rewrite.Problem{Status: 401, Code: "key_missing", Decision: &ration.Decision{}})
	if string(got.Body) != `{"code":"key_missing","left":null}` {
		t.Errorf("default gave %s", got.Body)
	}
	if _, ok := new(rewrite.Errors).Word(rewrite.Problem{Code: "key_missing"}); ok {
		t.Error("no template worded an error")
	}
}

func TestErrorsRefuse(t *testing.T) {
	for _, row := range []struct {
		name, code string
		status     int
		kind, body string
		want       string
	}{
		{"unknown code", "key_mising", 401, "", `{}`, "use default, or a code"},
		{"status of success", "key_missing", 200, "", `{}`, "400 to 599"},
		{"no media type", "key_missing", 401, "json", `{}`, "media type"},
		{"media type with a line break", "key_missing", 401, "a/b\r\nX: y", `{}`, "media type"},
		{"not JSON", "key_missing", 401, "", `{`, "no JSON"},
		{"text without quotes", "key_missing", 401, "application/problem+json; charset=utf-8", `{"a": ${detail}}`, "no JSON"},
		{"unknown placeholder", "key_missing", 401, "text/plain", `${secret}`, "a placeholder is"},
		{"placeholder without an end", "key_missing", 401, "text/plain", `${detail`, "a placeholder is"},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := new(rewrite.Errors).Add(row.code, row.status, row.kind, row.body)
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v; want it to hold %q", err, row.want)
			}
		})
	}
}

// FuzzApply: what was JSON stays JSON, and what was not stays as it was.
func FuzzApply(f *testing.F) {
	for _, seed := range []string{`{"quota":{"remaining":1}}`, `[[{"quota":null}], 1e5]`, `{"a":"\\\"","quota":"x"} `, `nul`, `null`, ``, `{"quota":{}}x`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var rules rewrite.Body
		for _, at := range []string{"/quota/remaining", "/0/0/x", "/user"} {
			if err := rules.Add(at, "remaining"); err != nil {
				t.Fatal(err)
			}
		}
		before := string(body)
		got := rules.Apply(body, decision())
		if valid := json.Valid([]byte(before)); valid != json.Valid(got) || !valid && string(got) != before {
			t.Errorf("%q became %q", before, got)
		}
		if string(body) != before {
			t.Errorf("the caller's %q was changed", before)
		}
	})
}

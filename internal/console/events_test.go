package console_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

// otherEvents has another feed.
type otherEvents struct {
	admin.Operations
	events []rationadmin.Event
}

func (o otherEvents) ListEvents(context.Context, admin.EventFilter) (admin.EventsPage, error) {
	return admin.EventsPage{Events: o.events}, nil
}

func TestEventsAreSentences(t *testing.T) {
	for name, row := range map[string]struct {
		kind rationadmin.EventType
		data string
		want string
	}{
		"a part of a limit": {
			rationadmin.EventLimitThreshold,
			`{"limit":"requests-day","meter":"requests","period":"day","quantity":1000,"threshold":80,"used":805,"resets_at":"2026-07-16T00:00:00Z"}`,
			`used 80 % of 1,000 requests per day<span class="sub">805 used, resets at <time datetime="2026-07-16T00:00:00Z"`,
		},
		"all of a named limit for ever": {
			rationadmin.EventLimitThreshold,
			`{"limit":"<b>prepaid","meter":"eur","period":"lifetime","quantity":12.5,"threshold":100,"used":12.5}`,
			`used 100 % of 12.5 eur in its lifetime<span class="sub">12.5 used, limit “&lt;b&gt;prepaid”</span>`,
		},
		"a limit of days that begin later": {
			rationadmin.EventLimitThreshold,
			`{"limit":"tokens-day-from-0600","meter":"tokens","period":"day from 06:00","quantity":9007199254740992,"threshold":5,"used":450359962737050}`,
			`used 5 % of 9,007,199,254,740,992 tokens per day from 06:00<span class="sub">450,359,962,737,050 used</span>`,
		},
		"no refund": {
			rationadmin.EventRefundsExhausted, `{"meter":"requests","period":"day","most":100,"given_back":98}`,
			`has no room for another refund of requests per day<span class="sub">98 of at most 100 given back</span>`,
		},
		"created":                {rationadmin.EventKeyCreated, `{"status":"active","plan":"free","expires_at":"2099-01-02T03:04:05Z"}`, `was created with the plan free<span class="sub">expires at <time datetime="2099-01-02T03:04:05Z"`},
		"created and disabled":   {rationadmin.EventKeyCreated, `{"status":"disabled"}`, `was created<span class="sub">disabled</span>`},
		"asked for":              {rationadmin.EventKeyRequested, `{"status":"pending"}`, `<div>was asked for</div>`},
		"approved":               {rationadmin.EventKeyApproved, `{"status":"active","plan":"pro"}`, `<div>was approved with the plan pro</div>`},
		"rejected":               {rationadmin.EventKeyRejected, `{"status":"rejected"}`, `<div>was rejected</div>`},
		"rotated":                {rationadmin.EventKeyRotated, `{"secret_id":"sec_1","label":"<i>ci"}`, `got a new secret in the place of one<span class="sub">label “&lt;i&gt;ci”</span>`},
		"disabled":               {rationadmin.EventKeyDisabled, `{"status":"disabled","plan":"free"}`, `<div>was disabled</div>`},
		"enabled":                {rationadmin.EventKeyEnabled, `{}`, `<div>was enabled</div>`},
		"revoked":                {rationadmin.EventKeyRevoked, `{"status":"revoked"}`, `<div>was revoked for good</div>`},
		"expires":                {rationadmin.EventKeyExpiring, `{"expires_at":"2099-01-02T03:04:05Z"}`, `expires soon<span class="sub">at <time datetime="2099-01-02T03:04:05Z"`},
		"of a later release":     {"key.cloned", `{"of":"<b>Bob"}`, `<code>{&#34;of&#34;:&#34;&lt;b&gt;Bob&#34;}</code>`},
		"data of a later form":   {rationadmin.EventLimitThreshold, `{"threshold":"most"}`, `<code>{&#34;threshold&#34;:&#34;most&#34;}</code>`},
		"data that is no object": {rationadmin.EventKeyRevoked, `[1]`, `<code>[1]</code>`},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t).logIn()
			id := ration.NewKeyID()
			f.access.around = func(o admin.Operations) admin.Operations {
				return otherEvents{o, []rationadmin.Event{{ID: uuid.New(), Type: row.kind, At: time.Date(2026, 7, 15, 1, 2, 3, 0, time.UTC), KeyID: id, KeyName: "<b>Bob</b>", Owner: `" onload="x`, Data: []byte(row.data), Position: 7}}}
			}
			inert(t, name, f.shows("/events", row.want, `<a href="`+keyPath(id)+`"><strong>&lt;b&gt;Bob&lt;/b&gt;</strong></a>`, `<time datetime="2026-07-15T01:02:03Z"`))
		})
	}
}

func TestEventsAreFoundByKeyAndType(t *testing.T) {
	f := newFixture(t).logIn()
	f.shows("/events", "Nothing has happened yet", "ration events follow")
	made := map[string]rationadmin.IssuedSecret{}
	for _, name := range []string{`<script>alert("a")</script>`, "Ada laptop", "Ada phone"} {
		issued, err := f.operations.CreateKey(t.Context(), "test", admin.NewKey{Name: name, Owner: name, Unlimited: true})
		if err != nil {
			t.Fatal(err)
		}
		made[name] = issued
	}
	laptop := made["Ada laptop"]
	if _, err := f.operations.RotateKey(t.Context(), "test", admin.Rotation{ID: laptop.Key.ID}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.operations.DisableKey(t.Context(), "test", laptop.Key.ID); err != nil {
		t.Fatal(err)
	}
	if got, want := told(f.shows("/events")), "was disabled|got a new secret in the place of one|was created|was created|was created"; got != want {
		t.Errorf("the page tells %s; want %s", got, want)
	}
	for query, want := range map[string]string{
		"type=key.disabled":                            "was disabled",
		"type=key.revoked":                             "",
		"q=" + laptop.Key.ID.String():                  "was disabled|got a new secret in the place of one|was created",
		"q=+ada+lap+":                                  "was disabled|got a new secret in the place of one|was created",
		"q=ada+lap&type=key.created":                   "was created",
		"q=" + url.QueryEscape(laptop.Secret.Reveal()): "was disabled|got a new secret in the place of one|was created",
		"q=nobody":                                     "",
		"q=" + ration.NewKeyID().String():              "",
		"after=2":                                      "",
	} {
		page := f.shows("/events?" + query)
		inert(t, query, page)
		if got := told(page); got != want {
			t.Errorf("%s tells %s; want %s", query, got, want)
		}
		if strings.Contains(page.body, laptop.Secret.Reveal()) {
			t.Errorf("%s shows the secret that was searched for", query)
		}
	}
	f.shows("/events?q=nobody", "No key matches", `href="/events"`)
	f.shows("/events?type=key.revoked", "No event matches", `<option selected>key.revoked</option>`)
	choices := f.shows("/events?q=ada&type=key.created", "Whose events?", "2 keys match", `href="/events?q=`+laptop.Key.ID.String()+`&amp;type=key.created"`)
	if told(choices) != "" {
		t.Error("it shows events of keys that nobody has chosen")
	}
	f.shows(keyPath(laptop.Key.ID), "What has happened", `href="/events?q=`+laptop.Key.ID.String()+`"`, "was disabled", "was created")
}

// told are the sentences of a page, in its order.
func told(page answer) string {
	var all []string
	for _, found := range regexp.MustCompile(`<td class="wide"><div>([^<]+)<`).FindAllStringSubmatch(page.body, -1) {
		all = append(all, found[1])
	}
	return strings.Join(all, "|")
}

func TestEventsHavePages(t *testing.T) {
	f := newFixture(t).logIn()
	for i := range 60 {
		if _, err := f.operations.CreateKey(t.Context(), "test", admin.NewKey{Name: fmt.Sprintf("k%02d", i), Unlimited: true}); err != nil {
			t.Fatal(err)
		}
	}
	page := f.shows("/events?type=key.created", "k59", "k10", "Next page")
	next := regexp.MustCompile(`href="(/events\?[^"]*after=[^"]*)"`).FindStringSubmatch(page.body)
	if next == nil || strings.Contains(page.body, "k09") || strings.Index(page.body, "k59") > strings.Index(page.body, "k58") {
		t.Fatalf("the first page: %s", page.body)
	}
	last := f.shows(unescape(next[1]), "k09", "k00", `href="/events?type=key.created"`)
	if strings.Contains(last.body, "k10") || strings.Contains(last.body, "Next page") {
		t.Errorf("the last page: %s", last.body)
	}
	f.shows("/events?after=2", "No more events")
}

func TestWrongQuestionsForEvents(t *testing.T) {
	f := newFixture(t).logIn()
	for query, want := range map[string]int{
		"type=odd": 422, "after=x": 422, "after=-1": 422, "after=0": 422, "after=99999999999999999999": 422, "after=9223372036854775807": 200,
		"type=" + url.QueryEscape("<script>alert(1)</script>"): 422, "q=" + url.QueryEscape("<script>alert(1)</script>"): 200, "q=key_1": 200,
	} {
		got := f.get("/events?" + query)
		inert(t, query, got)
		if got.status != want {
			t.Errorf("%s: %d; want %d", query, got.status, want)
		}
	}
}

func TestWhoSeesEvents(t *testing.T) {
	f, id := filled(t)
	for name, row := range map[string]struct {
		scope string
		plans []string
		sees  bool
	}{
		"read":               {rationadmin.ScopeRead, nil, true},
		"keys":               {rationadmin.ScopeKeys, nil, true},
		"verify":             {rationadmin.ScopeVerify, nil, false},
		"read, of some keys": {rationadmin.ScopeRead, []string{"free"}, false},
	} {
		f.access.scopes, f.access.plans = []string{row.scope}, row.plans
		got := f.get("/events")
		if (got.status == http.StatusOK) != row.sees || !row.sees && strings.Contains(text(got.body), "was created") {
			t.Errorf("%s: %d", name, got.status)
		}
		if row.scope == rationadmin.ScopeVerify {
			continue
		}
		page := f.shows(keyPath(id))
		if strings.Contains(page.body, "What has happened") != row.sees || strings.Contains(page.body, `href="/events`) != row.sees {
			t.Errorf("%s: the page of a key shows events: %v", name, !row.sees)
		}
	}
}

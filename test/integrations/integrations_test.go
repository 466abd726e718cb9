package integrations_test

import (
	"context"
	"maps"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
	"github.com/ration-dev/ration/rationtest"
)

// scene is a store in some state, and what a client then asks.
type scene struct {
	name string
	set  func(f *rationtest.Fixture) question
	// want is the status and what must be in the body; the other fields are
	// compared between the ways.
	status int
	code   string
}

// keyWith sets a scene with a key of certain limits, after some requests.
func keyWith(requests int, change func(*question), limits ...string) func(*rationtest.Fixture) question {
	return func(f *rationtest.Fixture) question {
		key := f.Key(rationtest.Key{Owner: "ada", Limits: limits, Scopes: []string{"read"}})
		for range requests {
			if _, err := f.Engine.Charge(context.Background(), ration.Charge{Secret: key.Secret}); err != nil {
				panic(err)
			}
		}
		q := question{secret: key.Secret.Reveal()}
		if change != nil {
			change(&q)
		}
		return q
	}
}

// keyIn is keyWith of a key whose limits are on seconds, a meter with a unit.
func keyIn(unit string, change func(*question), limits ...string) func(*rationtest.Fixture) question {
	return func(f *rationtest.Fixture) question {
		parsed, err := ration.ParseUnit(unit)
		if err == nil {
			_, err = f.Operations().SetMeter(context.Background(), "test", rationadmin.MeterUnit{Name: "seconds", Unit: parsed})
		}
		if err != nil {
			panic(err)
		}
		return keyWith(0, change, limits...)(f)
	}
}

// afterwards sets a scene in which something happened to the key.
func afterwards(happen func(*rationtest.Fixture, ration.KeyID)) func(*rationtest.Fixture) question {
	return func(f *rationtest.Fixture) question {
		key := f.Key(rationtest.Key{Limits: []string{"5/day"}, ExpiresAt: f.Now().Add(time.Hour)})
		happen(f, key.ID)
		return question{secret: key.Secret.Reveal()}
	}
}

var scenes = []scene{
	{"allowed", keyWith(2, nil, "5/day", "10/second burst 20", "100/month", "7/lifetime"), 200, ""},
	{"allowed without any limit", keyWith(0, nil), 200, ""},
	{"allowed with the scope", keyWith(0, func(q *question) { q.scope = "read" }, "5/day"), 200, ""},
	{"allowed several meters", keyWith(0, func(q *question) { q.amounts = map[string]ration.Amount{"tokens": {Units: 40}} }, "100 tokens/day", "5/day"), 200, ""},
	{"allowed with decimals", keyIn("0.001", func(q *question) { q.amounts = map[string]ration.Amount{"seconds": {Units: 25, Unit: 1}} }, "60.5 seconds/day"), 200, ""},
	{"decimals used up", keyIn("0.001", func(q *question) { q.amounts = map[string]ration.Amount{"seconds": {Units: 605, Unit: 1}} }, "60.499 seconds/day"), 422, "cost_exceeds_limit"},
	{"allowed to cost nothing", keyWith(5, func(q *question) { q.amounts = map[string]ration.Amount{"requests": {Units: 0}} }, "5/day"), 200, ""},
	{"quota used up", keyWith(5, nil, "5/day", "100/month"), 429, "quota_exceeded"},
	{"prepaid credit used up", keyWith(1, nil, "1/lifetime"), 429, "quota_exceeded"},
	{"too fast", keyWith(3, nil, "3/second"), 429, "rate_exceeded"},
	{"quota and rate used up", keyWith(3, nil, "3/second", "3/day"), 429, "quota_exceeded"},
	{"more than could ever be", keyWith(0, func(q *question) { q.amounts = map[string]ration.Amount{"tokens": {Units: 101}} }, "100 tokens/day"), 422, "cost_exceeds_limit"},
	{"a limit of 0", keyWith(0, nil, "0/day"), 429, "quota_exceeded"},
	{"without the scope", keyWith(0, func(q *question) { q.scope = "write" }), 403, "insufficient_scope"},
	{"no key", func(*rationtest.Fixture) question { return question{} }, 401, "key_missing"},
	{"unknown key", func(*rationtest.Fixture) question { return question{secret: ration.NewSecret("rk").Reveal()} }, 401, "key_unknown"},
	{"key of another system", func(*rationtest.Fixture) question { return question{secret: "an-imported-key-nobody-imported"} }, 401, "key_unknown"},
	{"mistyped key", func(*rationtest.Fixture) question { return question{secret: ration.NewSecret("rk").Reveal() + "x"} }, 401, "key_unknown"},
	{"key that is too long", func(*rationtest.Fixture) question { return question{secret: strings.Repeat("k", 513)} }, 401, "key_unknown"},
	{"disabled", afterwards((*rationtest.Fixture).Disable), 401, "key_disabled"},
	{"revoked", afterwards((*rationtest.Fixture).Revoke), 401, "key_revoked"},
	{"expired", afterwards(func(f *rationtest.Fixture, _ ration.KeyID) { f.Advance(time.Hour) }), 401, "key_expired"},
	{"store out of reach", afterwards(func(f *rationtest.Fixture, _ ration.KeyID) { f.BreakStore() }), 503, "store_unavailable"},
	{"allowed address", fromAddress("203.0.113.7"), 200, ""},
	{"another address", fromAddress("198.51.100.7"), 403, "ip_not_allowed"},
}

func fromAddress(text string) func(*rationtest.Fixture) question {
	return func(f *rationtest.Fixture) question {
		key := f.Key(rationtest.Key{Limits: []string{"5/day"}, AllowedIPs: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}})
		return question{secret: key.Secret.Reveal(), ip: netip.MustParseAddr(text)}
	}
}

func TestAllWaysGiveOneAnswer(t *testing.T) {
	f := rationtest.New(t, rationtest.Options{})
	for _, scene := range scenes {
		t.Run(scene.name, func(t *testing.T) {
			var first answer
			for i, way := range ways {
				got := askInScene(t, f, way, scene)
				if got.Status != scene.status || scene.code != "" && !strings.Contains(got.Body, `"code":"`+scene.code+`"`) || scene.code == "" && got.Body != "" {
					t.Errorf("%s: got %d %s, want %d %s", way.name, got.Status, got.Body, scene.status, scene.code)
				}
				want := first
				if way.gateway && got.Status == 200 {
					want.Fields = maps.Clone(first.Fields)
					delete(want.Fields, "Cache-Control")
					delete(want.Fields, "Vary")
				}
				if i == 0 {
					first = got
				} else if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(answer{})); diff != "" {
					t.Errorf("%s (-) and %s (+) differ:\n%s", ways[0].name, way.name, diff)
				}
			}
		})
	}
}

// askInScene sets the scene anew, with a key of its own, so that each way finds
// the same, and wants the secret nowhere in what we said to anybody.
func askInScene(t *testing.T, f *rationtest.Fixture, way way, scene scene) answer {
	t.Helper()
	defer f.MendStore()
	q := scene.set(f)
	got := way.ask(t, f.Engine, q)
	if q.secret != "" && strings.Contains(got.spoken, q.secret) {
		t.Errorf("%s: the secret is in:\n%s", way.name, got.spoken)
	}
	if got.Status >= 400 && !strings.Contains(got.Body, `"request_id":"`+got.Fields["X-Request-Id"]+`"`) {
		t.Errorf("%s: the id %q is not that of %s", way.name, got.Fields["X-Request-Id"], got.Body)
	}
	delete(got.Fields, "X-Request-Id")
	got.Body = requestID.ReplaceAllString(got.Body, `"request_id":"…"`)
	return got
}

var requestID = regexp.MustCompile(`"request_id":"[0-9a-f-]{36}"`)

func TestEverythingUnknownGetsOneAnswer(t *testing.T) {
	f := rationtest.New(t, rationtest.Options{})
	for _, way := range ways {
		var first *answer
		for _, scene := range scenes {
			if scene.code != string(ration.CodeKeyUnknown) {
				continue
			}
			got := askInScene(t, f, way, scene)
			if first == nil {
				first = &got
			} else if diff := cmp.Diff(*first, got, cmpopts.IgnoreUnexported(answer{})); diff != "" {
				t.Errorf("%s: %s differs (-first +got):\n%s", way.name, scene.name, diff)
			}
		}
	}
}

func TestEveryWayChargesOnce(t *testing.T) {
	f := rationtest.New(t, rationtest.Options{})
	for _, way := range ways {
		key := f.Key(rationtest.Key{Limits: []string{"5/day"}})
		if got := way.ask(t, f.Engine, question{secret: key.Secret.Reveal(), amounts: map[string]ration.Amount{"tokens": {Units: 7}}}); got.Status != 200 {
			t.Fatalf("%s: got %d", way.name, got.Status)
		}
		for meter, want := range map[string]int64{"requests": 1, "tokens": 7} {
			if used, denied := f.Used(key.ID, meter); used != want || denied != 0 {
				t.Errorf("%s: %d %s used and %d denied, want %d and 0", way.name, used, meter, denied, want)
			}
		}
	}
}

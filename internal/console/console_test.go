package console_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

// filled has a plan and keys with hostile names.
func filled(t *testing.T) (*fixture, ration.KeyID) {
	t.Helper()
	f := newFixture(t).logIn()
	limit, err := ration.ParseLimit("10/day")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.operations.CreatePlan(t.Context(), "test", rationadmin.NewPlan{Name: "free", Limits: []ration.Limit{limit}}); err != nil {
		t.Fatal(err)
	}
	issued, err := f.operations.CreateKey(t.Context(), "test", admin.NewKey{Name: `<script>alert("a")</script>`, Owner: `" onload="alert(1)`, Plan: "free", Metadata: map[string]string{"<b>": "<img src=x>"}})
	if err != nil {
		t.Fatal(err)
	}
	return f, issued.Key.ID
}

func TestPages(t *testing.T) {
	f, id := filled(t)
	for _, path := range []string{"/", "/?range=24h", "/?range=30d", "/keys", "/keys?q=script&status=active&plan=free&sort=name", "/keys?q=nobody", "/keys/new", keyPath(id), keyPath(id) + "?why=&units=11&ip=192.0.2.1", "/palette?q=script", "/palette?q="} {
		got := f.get(path)
		if got.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
		inert(t, path, got)
	}
	for path, want := range map[string]int{
		"/nothing": 404, "/keys/key_1": 404, keyPath(ration.NewKeyID()): 404, "/keys?status=odd": 422, "/keys?after=x": 422,
		keyPath(id) + "?why=&units=many": 422, keyPath(id) + "?ip=nowhere": 422, "/keys/sparks?ids=key_1": 422,
	} {
		got := f.get(path)
		if got.status != want {
			t.Errorf("%s: %d; want %d", path, got.status, want)
		}
		inert(t, path, got)
	}
}

var (
	inlineStyle  = regexp.MustCompile(`(?i)<[^>]*\sstyle\s*=|<style`)
	inlineScript = regexp.MustCompile(`(?i)<[^>]*\son[a-z]+\s*=\s*["']?[a-z]|<script(?:>| [^>]*>[^<])|javascript:`)
	otherHost    = regexp.MustCompile(`(?i)(?:src|href|action)="(?:https?:)?//`)
)

// inert fails if a page has a script, a style or an address that its policy forbids, or
// lacks the policy.
func inert(t *testing.T, path string, got answer) {
	t.Helper()
	if policy := got.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("%s: policy %q", path, policy)
	}
	if kept := got.header.Get("Cache-Control"); kept != "no-store" {
		t.Errorf("%s: Cache-Control %q", path, kept)
	}
	for _, forbidden := range []*regexp.Regexp{inlineStyle, inlineScript, otherHost} {
		if found := forbidden.FindString(got.body); found != "" {
			t.Errorf("%s has %q", path, found)
		}
	}
}

func keyPath(id ration.KeyID) string { return "/keys/" + id.String() }

func TestAssetsAreKeptForEver(t *testing.T) {
	f := newFixture(t)
	page := f.get("/login")
	for _, path := range regexp.MustCompile(`/assets/[^"]+`).FindAllString(page.body, -1) {
		got := f.get(path)
		if got.status != http.StatusOK || !strings.Contains(got.header.Get("Cache-Control"), "immutable") || got.body == "" {
			t.Errorf("%s: %d, Cache-Control %q, %d bytes", path, got.status, got.header.Get("Cache-Control"), len(got.body))
		}
	}
	if got := f.get("/assets/console.go"); got.status != http.StatusNotFound {
		t.Errorf("an unknown asset: %d", got.status)
	}
}

func TestFailuresAreToldAndNotShown(t *testing.T) {
	f := newFixture(t).logIn()
	f.access.err = ration.ErrStoreUnavailable
	if got := f.get("/keys"); got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "not available") {
		t.Errorf("without a database: %d %s", got.status, got.body)
	}
}

// counter counts the reads of usage by day.
type counter struct {
	admin.Operations
	reads *int
}

func (c counter) UsageDays(ctx context.Context, filter admin.UsageFilter) ([]admin.UsageDay, error) {
	*c.reads++
	return c.Operations.UsageDays(ctx, filter)
}

func TestSparklinesOfAPageAreOneRead(t *testing.T) {
	f, used := filled(t)
	idle, err := f.operations.CreateKey(t.Context(), "test", admin.NewKey{Name: "idle"})
	if err != nil {
		t.Fatal(err)
	}
	yesterday := ration.DateID(time.Now().UTC().Date()) - 1
	if _, err := f.operations.ImportUsage(t.Context(), "test", rationadmin.UsageImport{Days: []rationadmin.ImportedDay{
		{KeyID: used, Meter: "requests", Date: yesterday, Used: 700}, {KeyID: used, Meter: "requests", Date: yesterday - 40, Used: 50_000}, {KeyID: used, Meter: "tokens", Date: yesterday, Used: 9},
	}}); err != nil {
		t.Fatal(err)
	}
	reads := 0
	f.access.around = func(operations admin.Operations) admin.Operations { return counter{operations, &reads} }
	page := f.shows("/keys/sparks?ids="+used.String()+","+idle.Key.ID.String(), `id="spark-`+used.String()+`"`, "<title>700 requests in 30 days</title>", `id="spark-`+idle.Key.ID.String()+`"`, "<title>0 requests in 30 days</title>")
	if reads != 1 || strings.Contains(page.body, "50,") {
		t.Errorf("%d reads: %s", reads, page.body)
	}
	if page := f.shows("/keys/sparks"); strings.Contains(page.body, "symbol") {
		t.Errorf("no keys have sparklines: %s", page.body)
	}
}

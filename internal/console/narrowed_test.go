package console_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

func TestSessionsThatMayLess(t *testing.T) {
	f, hidden := filled(t)
	issued, err := f.operations.CreateKey(t.Context(), "test", admin.NewKey{Name: "Ada", Owner: "ada", Plan: "free"})
	if err != nil {
		t.Fatal(err)
	}
	own := issued.Key.ID
	for name, token := range map[string]rationadmin.Token{
		"read":                        {Scopes: []string{rationadmin.ScopeRead}},
		"keys":                        {Scopes: []string{rationadmin.ScopeKeys}},
		"read, narrowed to an owner":  {Scopes: []string{rationadmin.ScopeRead}, Owners: []string{"ada"}},
		"keys, narrowed to an owner":  {Scopes: []string{rationadmin.ScopeKeys}, Owners: []string{"ada"}},
		"keys, narrowed to a plan":    {Scopes: []string{rationadmin.ScopeKeys}, Plans: []string{"free"}},
		"keys, narrowed to both":      {Scopes: []string{rationadmin.ScopeKeys}, Owners: []string{"ada"}, Plans: []string{"free"}},
		"keys, narrowed to two plans": {Scopes: []string{rationadmin.ScopeKeys}, Plans: []string{"free", "none such"}},
	} {
		t.Run(name, func(t *testing.T) {
			f.t = t
			f.access.scopes, f.access.owners, f.access.plans = token.Scopes, token.Owners, token.Plans
			for _, path := range []string{"/", "/keys", "/keys?q=ada", "/keys/new", keyPath(own), keyPath(own) + "?why=", "/palette?q=ada", "/keys/sparks?ids=" + own.String()} {
				if got := f.get(path); got.status != http.StatusOK {
					t.Errorf("%s: %d %s", path, got.status, text(got.body))
				}
			}
			mayChange := strings.HasPrefix(name, "keys")
			page := f.get(keyPath(own)).body
			if strings.Contains(page, `data-dialog="revoke"`) != mayChange {
				t.Errorf("the page offers revocation: %v", !mayChange)
			}
			want := http.StatusForbidden
			if mayChange {
				want = http.StatusSeeOther
			}
			if got := f.post(keyPath(own) + "/disable"); got.status != want {
				t.Errorf("disabling: %d %s", got.status, text(got.body))
			}
			f.post(keyPath(own) + "/enable")
			if token.Owners != nil {
				for _, path := range []string{keyPath(hidden), "/keys/change?action=disable&key=" + hidden.String()} {
					if got := f.get(path); got.status != http.StatusNotFound {
						t.Errorf("%s out of reach: %d", path, got.status)
					}
				}
				if got := f.get("/keys"); strings.Contains(got.body, hidden.String()) {
					t.Error("the list has a key out of reach")
				}
				if got := f.post(keyPath(hidden) + "/disable"); got.status == http.StatusSeeOther || f.key(hidden).Status != ration.StatusActive {
					t.Errorf("disabling a key out of reach: %d", got.status)
				}
			}
		})
	}
}

// text returns what a page says.
func text(page string) string {
	_, main, _ := strings.Cut(page, "<main")
	return main
}

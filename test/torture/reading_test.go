package torture

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/client"
	"github.com/ration-dev/ration/test/harness"
)

// TestKeyWhoseHistoryChangesIsReadAgain: something may expire between the reading of the
// history and that of the key. A history and a count that differ throughout are found.
func TestKeyWhoseHistoryChangesIsReadAgain(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		histories []api.Number // as they are read one after another; the last stays
		right     bool
	}{
		"nothing changes":                       {[]api.Number{"5"}, true},
		"a reservation expires":                 {[]api.Number{"2", "5"}, true},
		"one after another":                     {[]api.Number{"2", "3", "5"}, true},
		"the history lacks what was counted":    {[]api.Number{"2"}, false},
		"the history has more than was counted": {[]api.Number{"5", "6"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			readings := 0
			server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, request *http.Request) {
				var answer any = api.KeyStatus{Usage: []api.KeyUsage{{Meter: "requests", Used: "5"}}, Limits: []api.KeyLimit{{PlanLimit: api.PlanLimit{Quantity: "9"}, Used: "5"}}}
				if strings.Contains(request.URL.Path, "usage") {
					answer = api.Page[api.UsageDay]{Items: []api.UsageDay{{KeyID: "key", Meter: "requests", Date: "2026-11-30", Used: row.histories[min(readings, len(row.histories)-1)]}}}
					readings++
				}
				out.Header().Set("Content-Type", "application/json")
				_ = json.NewEncoder(out).Encode(answer)
			}))
			t.Cleanup(server.Close)
			admin, err := client.NewAdmin(client.Config{URL: server.URL, Token: "token"})
			if err != nil {
				t.Fatal(err)
			}
			s := &Subject{Key: "key", Class: Register}
			w := &workload{rig: &rig{T: t, start: time.Now(), upstream: &harness.Upstream{}, nodes: []*node{{admin: admin}}}, subjects: []*Subject{s}}
			w.evidence()
			if right := s.Recorded == s.Counted; right != row.right {
				t.Errorf("after %d readings the history has %d and the key %d", readings, s.Recorded, s.Counted)
			}
			if reads := len(s.Operations); reads != 1 || !slices.ContainsFunc(s.Operations, func(op Operation) bool { return op.Kind == Read }) {
				t.Errorf("%d operations remain of the readings", reads)
			}
		})
	}
}

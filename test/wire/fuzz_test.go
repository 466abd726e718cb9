package wire_test

import (
	"net/http"
	"strings"
	"testing"
)

// FuzzMessages makes up fields and bodies. Whatever they are, the upstream sees no
// keyed request that was not charged, and what is hidden in a body that ends the
// connection is not run.
func FuzzMessages(f *testing.F) {
	for _, m := range messages {
		f.Add(m.version == "HTTP/1.0", m.fields, m.body)
	}
	ways, tally := newWays(f)
	f.Fuzz(func(t *testing.T, old bool, fields, body string) {
		m := message{version: "HTTP/1.1", method: http.MethodPost, fields: fields, body: body, fate: either, own: either, cut: true}
		if old {
			m.version = "HTTP/1.0"
		}
		if strings.Contains(fields, "\r\n\r\n") || strings.Contains(fields+body, "rk_") { // an own request may pay for itself
			return
		}
		for _, w := range ways {
			c := converse(t, w, m)
			charged, seen := tally.of(c.name)
			if fault := faults(w, m, len(c.answers), charged, seen); fault != "" {
				t.Errorf("%s: %s: answers %v, charged %d, the upstream saw %q", w.name, fault, c.answers, charged, seen)
			}
		}
	})
}

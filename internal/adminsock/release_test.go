package adminsock_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/adminsock"
)

func newServer(ops admin.Operations) *http.Server {
	return &http.Server{Handler: adminsock.NewHandler(ops), ReadHeaderTimeout: time.Second}
}

// TestAnotherReleaseIsRefused: what the other end does not know, it must not
// take for less.
func TestAnotherReleaseIsRefused(t *testing.T) {
	for _, row := range []struct{ name, operation, body, want string }{
		{"unknown operation", "MergeKeys", `{"input":{}}`, "another release"},
		{"unknown field of an input", "CreateKey", `{"actor":"cli:x","input":{"Name":"k","Colour":"red"}}`, "another release"},
		{"unknown field of a request", "ListPlans", `{"input":{},"color":1}`, "another release"},
		{"no JSON", "ListPlans", `nonsense`, "another release"},
		{"too long", "ListPlans", `{"input":"` + strings.Repeat("x", 4<<20) + `"}`, "too large"},
	} {
		t.Run(row.name, func(t *testing.T) {
			recorder := httptest.NewRecorder()
			// The operations are nil: to reach one would panic.
			adminsock.NewHandler(nil).ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, "/rpc/"+row.operation, strings.NewReader(row.body)))
			if !strings.Contains(recorder.Body.String(), row.want) {
				t.Errorf("answer %q; want %q", recorder.Body, row.want)
			}
		})
	}
}

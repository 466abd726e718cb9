package adminapi_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ration-dev/ration/api/openapi"
)

func TestDocumentsAreServedToEverybody(t *testing.T) {
	s := serve(t)
	for path, want := range map[string]string{"/openapi.json": string(openapi.JSON), "/docs": "<code>/v1/admin/keys/{id}/rotate</code>"} {
		response, err := http.Get(s.server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		if err != nil || response.Body.Close() != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(text), want) {
			t.Errorf("%s: %d, %d bytes, %v", path, response.StatusCode, len(text), err)
		}
		for _, outside := range []string{"src=", "http://", "<script", "@import", "url("} {
			if path == "/docs" && strings.Contains(string(text), outside) {
				t.Errorf("the page has %q; it must work offline", outside)
			}
		}
	}
}
